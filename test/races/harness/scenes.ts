import type { DataSource } from 'typeorm';
import { seat } from '../../support/client';
import { createAlike } from '../../support/house';
import { seatText, STARTING_VERSIONS, StartingSeats } from './serial-model';

/** Live holds have this long to go. */
const HOLD_LEFT = "interval '590 s'";
const HOLD_TTL = "interval '600 s'";

/**
 * Makes `shows` shows on sale with the same seats in the same states, ledger and bookings included, in a few
 * statements. Returns their ids.
 */
export function createScenes(dataSource: DataSource, start: StartingSeats, shows: number): Promise<number[]> {
  const seats = Object.entries(start).map(([name, state]) => ({ ...seat(name), ...state }));
  const slots = new Map<string, number>();
  const columns = [
    seats.map(({ row }) => row),
    seats.map(({ number }) => number),
    seats.map(({ status }) => status),
    seats.map(({ status }) => STARTING_VERSIONS[status]),
    seats.map(({ holder }) => holder ?? null),
    seats.map(({ status, holder }) => {
      if (holder === undefined || status === 'BOOKED') return null;
      slots.set(holder, (slots.get(holder) ?? 0) + 1);
      return slots.get(holder);
    }),
  ];
  // Each seat of each show, with the instants of its hold and the id of its booking.
  const scene = `
    (SELECT show_id, named.*, CASE status WHEN 'LAPSED' THEN now() - interval '1 s' ELSE now() + ${HOLD_LEFT} END AS deadline,
            CASE WHEN status = 'BOOKED' THEN md5(show_id || holder_id)::uuid END AS booking_id
       FROM unnest($1::int[]) AS show_id,
            unnest($2::text[], $3::int[], $4::text[], $5::int[], $6::text[], $7::smallint[])
              AS named("row", number, status, version, holder_id, slot)) AS scene`;

  // One transaction: `now()` is one instant in it, and a booking is written together with its seats and their steps.
  return dataSource.transaction(async (manager) => {
    const showIds = await createAlike(manager, shows, { rows: 0 });
    const values = [showIds, ...columns];
    await manager.query(
      `INSERT INTO seat (show_id, "row", number, price, status, version,
                         holder_id, held_at, hold_expires_at, hold_slot, booking_id)
       SELECT show_id, "row", number, 100, CASE status WHEN 'LAPSED' THEN 'HELD' ELSE status END, version,
              holder_id, CASE WHEN slot IS NOT NULL THEN deadline - ${HOLD_TTL} END,
              CASE WHEN slot IS NOT NULL THEN deadline END, slot, booking_id
         FROM ${scene}`,
      values,
    );
    await manager.query(
      `INSERT INTO seat_transition (show_id, "row", number, version, command, from_status, to_status,
                                    holder_id, hold_expires_at, booking_id, actor_id, reason, at)
       SELECT show_id, "row", number, step.version, command, from_status, to_status,
              holder_id, CASE WHEN holder_id IS NOT NULL THEN deadline END, CASE command WHEN 'book' THEN booking_id END,
              CASE command WHEN 'block' THEN 'house' END, CASE command WHEN 'block' THEN 'broken' END, deadline - ${HOLD_TTL}
         FROM ${scene}
         JOIN (VALUES (1, 'hold', 'AVAILABLE', 'HELD'), (2, 'book', 'HELD', 'BOOKED'), (1, 'block', 'AVAILABLE', 'BLOCKED'))
           AS step(version, command, from_status, to_status)
           ON step.version <= scene.version AND (command = 'block') = (status = 'BLOCKED')`,
      values,
    );
    await manager.query(
      `WITH sold AS (SELECT * FROM ${scene} WHERE booking_id IS NOT NULL),
            made AS (INSERT INTO booking (show_id, id, reference, holder_id, total_paid, currency, booked_at)
                     SELECT show_id, booking_id, booking_id::text, holder_id, 100 * count(*), 'USD', max(deadline) - ${HOLD_TTL}
                       FROM sold GROUP BY show_id, booking_id, holder_id)
       INSERT INTO booking_seat (show_id, "row", number, booking_id, price)
       SELECT show_id, "row", number, booking_id, 100 FROM sold`,
      values,
    );
    return showIds;
  });
}

/** The seats of shows as they are shown, in the words of the serial model. */
export async function seatTexts(dataSource: DataSource, showIds: readonly number[]): Promise<Map<number, string[]>> {
  const rows = await dataSource.query<
    (Parameters<typeof seatText>[1] & { show_id: number; seat: string; booking_id?: string })[]
  >(
    `SELECT show_id, "row" || number AS seat, CASE WHEN lapsed THEN 'AVAILABLE' ELSE status END AS status,
            version + lapsed::int AS version, CASE WHEN NOT lapsed THEN holder_id END AS holder, booking_id
       FROM (SELECT *, status = 'HELD' AND hold_expires_at <= statement_timestamp() AS lapsed FROM seat) AS seat
      WHERE show_id = ANY($1) ORDER BY show_id, "row", number`,
    [showIds],
  );
  const texts = new Map<number, string[]>(showIds.map((showId) => [showId, []]));
  for (const { show_id, seat: name, booking_id, ...state } of rows) {
    texts.get(show_id)!.push(seatText(name, { ...state, ...(booking_id ? { bookingId: `#${booking_id}` } : {}) }));
  }
  return texts;
}

/** The steps in the ledgers of shows, as `<seat> v<version> <command> <holder> <deadline in ms> <booking>`. */
export async function ledgerTexts(dataSource: DataSource, showIds: readonly number[]): Promise<Map<number, string[]>> {
  const rows = await dataSource.query<{ show_id: number; steps: string[] }[]>(
    `SELECT show_id, array_agg(concat_ws(' ', "row" || number, 'v' || version, command, holder_id,
                                         round(date_part('epoch', hold_expires_at) * 1000), booking_id)) AS steps
       FROM seat_transition WHERE show_id = ANY($1) GROUP BY show_id`,
    [showIds],
  );
  return new Map(rows.map(({ show_id, steps }) => [show_id, steps]));
}
