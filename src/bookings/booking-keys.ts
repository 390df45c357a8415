import { createHmac, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { derivedKeys } from '../platform/config/derived-keys';

/** 128 bits. */
const KEY_BYTES = 16;

/**
 * The key of each booking: with it anybody can read that booking, as with the link in an e-mail. It is computed from the
 * server's secret and the booking's id, so nothing is stored, and a wrong one is refused without a look at the database.
 */
@Injectable()
export class BookingKeys {
  private readonly secrets: readonly Buffer[];

  constructor(@Inject(APP_CONFIG) { auth }: Pick<AppConfig, 'auth'>) {
    // A secret for this alone: what is signed here can't be taken for a token.
    this.secrets = derivedKeys(auth, 'booking keys');
  }

  of(bookingId: string): string {
    return keyBy(this.secrets[0]!, bookingId).toString('base64url');
  }

  /** Whether it is the key of the booking, by this secret or a former one. Takes as long for every wrong key. */
  fits(bookingId: string, key: string): boolean {
    const given = Buffer.from(key, 'base64url');
    if (given.length !== KEY_BYTES) return false;
    return this.secrets.filter((secret) => timingSafeEqual(keyBy(secret, bookingId), given)).length > 0;
  }
}

function keyBy(secret: Buffer, bookingId: string): Buffer {
  return createHmac('sha256', secret).update(bookingId.toLowerCase()).digest().subarray(0, KEY_BYTES);
}
