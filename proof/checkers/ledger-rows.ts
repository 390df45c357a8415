import type { DataSource } from 'typeorm';
import { seatName } from './history';
import type { Step } from './seat-ledger';

interface Row {
  show_id: number;
  row: string;
  number: number;
  version: number;
  command: string;
  holder_id: string;
  deadline_ms: string;
  booking_id: string | null;
  at_ms: string;
  transaction: string;
}

/** All steps of some shows, by seat and version. */
export async function readSteps(dataSource: DataSource, showIds: readonly number[]): Promise<Step[]> {
  const rows = await dataSource.query<Row[]>(
    `SELECT show_id, "row", number, version, command, holder_id, booking_id, xmin::text AS transaction,
            round(date_part('epoch', hold_expires_at) * 1000) AS deadline_ms, round(date_part('epoch', at) * 1000) AS at_ms
       FROM seat_transition WHERE show_id = ANY($1::int[]) ORDER BY show_id, "row", number, version`,
    [showIds],
  );
  return rows.map((row) => ({
    showId: row.show_id,
    seat: seatName(row),
    version: row.version,
    command: row.command,
    holder: row.holder_id,
    deadlineMs: Number(row.deadline_ms),
    bookingId: row.booking_id,
    atMs: Number(row.at_ms),
    transaction: row.transaction,
  }));
}
