import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';

/**
 * An instance of version 0.1 as the database knows it: its statements, to the letter where it matters which columns
 * they name. One seat a command. It runs beside the current version while a rolling upgrade is under way.
 */
export class Version01 {
  constructor(private readonly dataSource: DataSource) {}

  /** Whether the seat was held. */
  hold(showId: number, row: string, number: number, holderId: string): Promise<boolean> {
    return this.command(showId, row, number, async (seat, nowMs, run) => {
      if (seat.status !== 'AVAILABLE') return false;
      const deadline = new Date(nowMs + 600_000);
      await run(UPDATE, ['HELD', seat.version + 1, holderId, new Date(nowMs), deadline, 1, null]);
      await run(TRANSITION, [seat.version + 1, 'hold', 'AVAILABLE', 'HELD', holderId, deadline, null, new Date(nowMs)]);
      const { rows } = { rows: [holderId, randomUUID(), Buffer.alloc(32), '{"kind":"refused"}', new Date(nowMs)] };
      await this.dataSource.query(
        'INSERT INTO idempotency_record (holder_id, key, fingerprint, outcome, created_at) VALUES ($1, $2, $3, $4, $5)',
        rows,
      );
      return true;
    });
  }

  /** Whether the seat was booked. */
  book(showId: number, row: string, number: number, holderId: string): Promise<boolean> {
    return this.command(showId, row, number, async (seat, nowMs, run) => {
      if (seat.status !== 'HELD' || seat.holder_id !== holderId) return false;
      const [id, at] = [randomUUID(), new Date(nowMs)];
      await run(UPDATE, ['BOOKED', seat.version + 1, holderId, null, null, null, id]);
      const step = [seat.version + 1, 'book', 'HELD', 'BOOKED', holderId, seat.hold_expires_at, id, at];
      await run(TRANSITION, step);
      await run(BOOKING, [id, id.slice(0, 9), holderId, seat.price, 'USD', at]);
      await run(SOLD, [id, seat.price]);
      return true;
    });
  }

  private command(showId: number, row: string, number: number, decide: Decide): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const [seat] = await manager.query<SeatRow[]>(
        `SELECT seat."show_id" AS "show_id", seat."row" AS "row", seat."number" AS "number", seat."status" AS "status",
                seat."version" AS "version", seat."price" AS "price", seat."holder_id" AS "holder_id",
                seat."held_at" AS "held_at", seat."hold_expires_at" AS "hold_expires_at", seat."hold_slot" AS "hold_slot",
                seat."booking_id" AS "booking_id"
           FROM seat WHERE seat."show_id" = $1 AND (seat."row", seat."number") IN (SELECT * FROM unnest($2::text[], $3::int[]))
          ORDER BY seat."show_id", seat."row", seat."number" FOR UPDATE OF seat`,
        [showId, [row], [number]],
      );
      const [{ now_ms }] = await manager.query<[{ now_ms: string }]>(
        'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms',
      );
      return decide(seat!, Number(now_ms), async (sql, values) => {
        await manager.query(sql, [showId, row, number, ...values]);
      });
    });
  }
}

interface SeatRow {
  status: string;
  version: number;
  price: string;
  holder_id: string | null;
  hold_expires_at: Date | null;
}

type Decide = (
  seat: SeatRow,
  nowMs: number,
  run: (sql: string, values: unknown[]) => Promise<void>,
) => Promise<boolean>;

const UPDATE = `
  UPDATE seat SET status = $4, version = $5, holder_id = $6, held_at = $7, hold_expires_at = $8, hold_slot = $9, booking_id = $10
   WHERE show_id = $1 AND "row" = $2 AND number = $3`;
const TRANSITION = `
  INSERT INTO seat_transition
    (show_id, "row", number, version, command, from_status, to_status, holder_id, hold_expires_at, booking_id, at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`;
const BOOKING = `
  INSERT INTO booking (show_id, id, reference, holder_id, total_paid, currency, booked_at)
  SELECT $1, $4, $5, $6, $7, $8, $9 WHERE $2::text IS NOT NULL AND $3::int IS NOT NULL`;
const SOLD = `INSERT INTO booking_seat (show_id, "row", number, booking_id, price) VALUES ($1, $2, $3, $4, $5)`;
