import { z } from 'zod';
import type { Reply, Target } from '../kit/http-client';
import { Command, COMMANDS, SeatStatus } from './commands';
import type { Answer, Attempt, HeldSeat, SeatName, SeenSeat, Stats } from './history';
import { seatName, seatRef } from './history';

/** Sends seat commands and reads over HTTP, and puts their answers into the words of the history. */

export interface Question {
  readonly holder: { readonly id: string; readonly token: string };
  readonly command: Command | 'read';
  readonly showId: number;
  /** Empty for a read. */
  readonly seats: readonly SeatName[];
  readonly key?: string | null | undefined;
  /** Hangs up after this time, as if the answer had been lost. */
  readonly dropAfterMs?: number | undefined;
}

/** Sends a seat command, or reads the seat map. */
export function ask(target: Target, { holder, command, showId, seats, key, dropAfterMs }: Question): Promise<Reply> {
  const sending = { token: holder.token, key, dropAfterMs };
  if (command === 'read') return target.request('GET', `/api/seats/?show_id=${showId}`, sending);
  const body = { show_id: showId, seats: seats.map(seatRef) };
  return target.request('POST', COMMANDS[command].path, { ...sending, body });
}

/** Like {@link ask}, as one attempt of the history. */
export async function attempt(target: Target, id: number, question: Question): Promise<Attempt> {
  const { holder, command, showId, seats, key = null } = question;
  const { sentMs, answeredMs, status, isReplayed, body, code } = await ask(target, question);
  const read = status === null || status >= 500 ? undefined : formOf(command, status).safeParse(body);
  const told = { code: read?.success === false ? 'MALFORMED' : code, isReplayed, answer: read?.data ?? null };
  return { id, sentMs, answeredMs, holder: holder.id, command, showId, seats, key, status, ...told };
}

/** How the contract writes an answer, read into the words of the history. */
function formOf(command: Question['command'], status: number): z.ZodType<Answer> {
  if (status >= 300) return REFUSED;
  return command === 'read' ? SEEN : DONE[COMMANDS[command].leaves];
}

const INSTANT = z.string().transform(Date.parse).pipe(z.number());
const SEAT = z.object({ row: z.string(), number: z.int() });
const SEAT_NAME = SEAT.transform(seatName);

const HELD_SEAT = SEAT.extend({ status: z.literal('HELD'), version: z.int(), hold_expires_at: INSTANT }).transform(
  ({ version, hold_expires_at: deadlineMs, ...seat }): HeldSeat => ({ seat: seatName(seat), version, deadlineMs }),
);

const SEEN_SEAT = SEAT.extend({
  status: z.string(),
  version: z.int(),
  held_by_me: z.boolean().optional(),
  hold_expires_at: INSTANT.optional(),
})
  .refine((seat) => !seat.held_by_me || seat.hold_expires_at !== undefined)
  .transform(({ status, version, held_by_me: isMine, hold_expires_at: deadlineMs, ...seat }): SeenSeat => {
    return { seat: seatName(seat), status: status as SeatStatus, version, deadlineMs: isMine ? deadlineMs! : null };
  });

const SEEN = z
  .object({
    server_time: INSTANT,
    stats: z.custom<Stats>((stats) => typeof stats === 'object'),
    seats: z.array(SEEN_SEAT),
  })
  .transform(({ server_time: serverTimeMs, ...rest }): Answer => ({ kind: 'seen', serverTimeMs, ...rest }));

/** By the status that the command leaves. */
const DONE: Readonly<Record<(typeof COMMANDS)[Command]['leaves'], z.ZodType<Answer>>> = {
  HELD: z
    .object({ server_time: INSTANT, seats: z.array(HELD_SEAT) })
    .transform(({ server_time: serverTimeMs, seats }) => ({ kind: 'held', serverTimeMs, seats })),
  BOOKED: z
    .object({ booking: z.object({ id: z.string(), booked_at: INSTANT, seats: z.array(SEAT_NAME) }) })
    .transform(({ booking: { id: bookingId, booked_at: bookedAtMs, seats } }) => {
      return { kind: 'booked', bookingId, bookedAtMs, seats };
    }),
  AVAILABLE: z
    .object({ released: z.array(SEAT_NAME) })
    .transform(({ released: seats }) => ({ kind: 'released', seats })),
};

const REFUSED = z
  .object({ code: z.string(), seats: z.array(SEAT.extend({ code: z.string() })).default([]) })
  .transform(({ code, seats }): Answer => {
    return { kind: 'refused', code, seats: Object.fromEntries(seats.map((seat) => [seatName(seat), seat.code])) };
  });
