import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ReadDataSource } from '../platform/database/pools';
import { AccessTokenService } from './access-token.service';
import { bearerToken } from './auth.guard';
import { Holder, OwnHolder, sessionOfGuest } from './holder';
import { Revocation, EVERY_TOKEN, Revocations } from './revocations';
import { RevocationLog } from './revocation-log';
import { Sessions } from './sessions';

/** What the seats do when a guest becomes a user. */
export abstract class GuestHolds {
  /** Makes the guest's live holds the user's, as far as the user's limits allow, and returns how many seats it were. */
  abstract takeOver(guestId: string, userId: string): Promise<number>;
}

/**
 * Guests that become users. One row says so. From its commit on the guest's bookings are the user's, and no token of the
 * guest is good any more. The holds are moved behind it, by seat commands; a command of the guest that was under way
 * meanwhile may leave another one, which the user's next command for that seat moves (see `formerly` of the {@link Holder}).
 */
@Injectable()
export class GuestTakeovers {
  constructor(
    private readonly dataSource: ReadDataSource,
    private readonly tokens: AccessTokenService,
    private readonly sessions: Sessions,
    private readonly revocations: Revocations,
    private readonly log: RevocationLog,
    private readonly holds: GuestHolds,
  ) {}

  /**
   * The guest that asks to be taken over: the bearer of a guest's token. One that was taken over already is given as well:
   * the same user may ask again, as after a lost answer.
   */
  async guestOf(authorization: string | undefined): Promise<OwnHolder | undefined> {
    const token = bearerToken(authorization);
    return token === undefined ? undefined : this.tokens.guestOf(token);
  }

  /**
   * Makes the guest the user's, as part of a transaction; undefined when the guest is another user's, or has logged out.
   * After the commit: {@link finish}.
   */
  async claim(manager: EntityManager, guestId: string, userId: string): Promise<Revocation | undefined> {
    const session = sessionOfGuest(guestId);
    // Of two logins at once the second waits here for the first, and finds its row.
    await manager.query(
      `INSERT INTO guest_takeover (guest_id, holder_id, taken_at)
       SELECT $1, $2, clock_timestamp() WHERE NOT EXISTS (SELECT FROM session WHERE id = $3 AND ended_at IS NOT NULL)
       ON CONFLICT (guest_id) DO NOTHING`,
      [guestId, userId, session],
    );
    const [owner] = await manager.query<{ holder_id: string }[]>(
      'SELECT holder_id FROM guest_takeover WHERE guest_id = $1',
      [guestId],
    );
    if (owner?.holder_id !== userId) return undefined;
    await this.sessions.endGuest(manager, session, guestId);
    return this.log.write(manager, guestId, EVERY_TOKEN);
  }

  /** Moves the holds of a claimed guest, and returns how many seats it were. */
  finish(guestId: string, userId: string, revocation: Revocation): Promise<number> {
    this.revocations.add(revocation);
    return this.holds.takeOver(guestId, userId);
  }

  /** All ids under which the holder has bookings: the own one, and those of guests taken over. */
  async idsOf({ id, kind }: Holder): Promise<string[]> {
    if (kind !== 'user') return [id];
    const guests = await this.dataSource.query<{ guest_id: string }[]>(
      'SELECT guest_id FROM guest_takeover WHERE holder_id = $1',
      [id],
    );
    return [id, ...guests.map(({ guest_id: guestId }) => guestId)];
  }
}
