import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import type { ClientAddress } from '../platform/http/client-address';
import type { AddressKeys } from './commands/command';

/**
 * Names for addresses under which holds are counted. No address is stored: a key is a hash of the address and the show, made
 * with a secret that the database does not have. It tells nothing of the address, nor that two shows had the same visitor.
 */
@Injectable()
export class AddressKeyring {
  private readonly secret: Buffer;

  constructor(@Inject(APP_CONFIG) { auth }: Pick<AppConfig, 'auth'>) {
    this.secret = createHmac('sha256', auth.jwtSecret).update('rowlock addresses of holds').digest();
  }

  keysOf(showId: number, { group, wideGroup }: ClientAddress): AddressKeys {
    return {
      addressKey: this.keyOf(showId, group),
      networkKey: wideGroup === undefined ? null : this.keyOf(showId, wideGroup),
    };
  }

  private keyOf(showId: number, group: string): string {
    return createHmac('sha256', this.secret).update(`${showId} ${group}`).digest().readBigInt64BE().toString();
  }
}
