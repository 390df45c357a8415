import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { GuestHolds } from '../identity/guest-takeovers';
import { TAKE_OVER } from './commands/registry';
import { seatCommand } from './seat-command';
import { SeatCommandQueue } from './seat-command-queue';
import type { ShowSeat } from './seat-lock';

/** The holds of guests that become users. */
@Injectable()
export class HoldsOfGuests extends GuestHolds {
  constructor(
    private readonly dataSource: DataSource,
    private readonly queue: SeatCommandQueue,
  ) {
    super();
  }

  async takeOver(guestId: string, userId: string): Promise<number> {
    // OFFSET 0 makes PostgreSQL look each show up in `seat_hold_slot`; see `sendHoldings()`. In a show whose sales have closed
    // a hold is of no use any more.
    const held = await this.dataSource.query<ShowSeat[]>(
      `SELECT hold.* FROM show CROSS JOIN LATERAL (
         SELECT show_id AS "showId", "row", number FROM seat
          WHERE seat.status = 'HELD' AND seat.show_id = show.id AND seat.holder_id = $1
         OFFSET 0) AS hold
        WHERE show.sales_close_at > statement_timestamp()`,
      [guestId],
    );
    return takeOverHolds(this.queue, guestId, userId, held);
  }
}

const logger = new Logger('GuestHolds');

/**
 * Makes those of the seats that the guest holds the user's, at the same price and until the same deadline, and returns how
 * many it were. Each seat is a command of its own: those beyond the user's limits stay behind and lapse, the others don't
 * go down with them. Never throws: a seat that failed is taken over by the user's next command for it.
 */
export async function takeOverHolds(
  queue: SeatCommandQueue,
  guestId: string,
  userId: string,
  seats: readonly ShowSeat[],
): Promise<number> {
  const taken = await Promise.all(
    seats.map(async ({ showId, row, number }) => {
      const request = { name: TAKE_OVER, showId, holderId: userId, actorId: userId, successorOf: guestId };
      try {
        const { outcome } = await queue.submit(seatCommand({ ...request, seats: [{ row, number }] }));
        return outcome.kind === 'held';
      } catch (error) {
        logger.warn(`A hold was not taken over: ${String(error)}`);
        return false;
      }
    }),
  );
  return taken.filter(Boolean).length;
}
