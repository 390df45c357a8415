import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { INT4_MAX } from '../platform/http/query-values';
import { SEAT_STATUSES } from '../seats/seat-transitions';

/**
 * PURE. What instances tell each other, as the text of a NOTIFY. Any role of the database may send one, so a text is
 * taken for nothing but what it proves to be: a signed one for the word of an instance, another one of the right shape
 * for a hint that some shows should be read again, and the rest for noise.
 */

/** NOTIFY refuses a payload of 8,000 bytes and more. */
const PAYLOAD_MAX_BYTES = 7_900;
/** The end of the year 9999. Later instants can't be written as the API writes them. */
const LAST_MS = 253_402_300_799_999;

const ID = z.int().min(1).max(INT4_MAX);
const WIRE_SEAT = z
  .tuple([
    ID,
    z.string(),
    ID,
    z.enum(SEAT_STATUSES),
    z.int().min(0).max(INT4_MAX),
    z.string().nullable(),
    z.int().min(0).max(LAST_MS).nullable(),
  ])
  .refine(
    ([, , , status, , holderId, expiresAtMs]) => status !== 'HELD' || (holderId !== null && expiresAtMs !== null),
  );

/** A changed seat on its way to the other instances: show, row, number, status, version, holder, deadline. */
export type WireSeat = z.output<typeof WIRE_SEAT>;

const MESSAGE = z.union([
  z.strictObject({ seats: z.array(WIRE_SEAT) }),
  z.strictObject({ shows: z.array(ID) }),
  z.strictObject({ hello: z.literal(true) }),
]);

export type Message = z.output<typeof MESSAGE>;

/** The instance that sent a text, and its message: word for word if signed, or else as the shows that it hints at. */
export interface Heard {
  readonly sender: string;
  readonly isSigned: boolean;
  readonly message: Message;
}

const SHAPE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\{(?:"mac":"([\w-]{43})",)?(".*)$/s;

/** Writes and reads the texts. The signature is a field of the JSON, so that version 0.1, which looks for none, reads on. */
export class ChangeMessages {
  /** @param keys the first one signs */
  constructor(private readonly keys: readonly Buffer[]) {}

  /** As many texts as it takes. Seats that do not fit into one by themselves go as the id of their show. */
  encode(sender: string, message: Message): string[] {
    const body = JSON.stringify(message);
    const text = `${sender}{"mac":"${mac(this.keys[0]!, sender, body)}",${body.slice(1)}`;
    if (Buffer.byteLength(text) <= PAYLOAD_MAX_BYTES) return [text];
    if (!('seats' in message)) {
      return 'shows' in message ? halves(message.shows).flatMap((shows) => this.encode(sender, { shows })) : [];
    }
    if (message.seats.length === 1) return this.encode(sender, hintOf(message));
    return halves(message.seats).flatMap((seats) => this.encode(sender, { seats }));
  }

  /** Undefined for a text that means nothing. Never throws. */
  decode(text: string): Heard | undefined {
    const [, sender, signature, rest] = SHAPE.exec(text) ?? [];
    if (sender === undefined) return undefined;
    const body = `{${rest}`;
    const message = read(body);
    if (!message) return undefined;
    const isSigned = signature !== undefined && this.keys.some((key) => isSame(signature, mac(key, sender, body)));
    return { sender, isSigned, message: isSigned ? message : hintOf(message) };
  }
}

function read(body: string): Message | undefined {
  try {
    return MESSAGE.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

/** A forged message, or one of version 0.1, which does not sign, can make this instance look, and nothing else. */
function hintOf(message: Message): Message {
  return 'seats' in message ? { shows: [...new Set(message.seats.map(([showId]) => showId))] } : message;
}

function halves<T>(list: readonly T[]): T[][] {
  const middle = Math.ceil(list.length / 2);
  return [list.slice(0, middle), list.slice(middle)];
}

const mac = (key: Buffer, sender: string, body: string): string =>
  createHmac('sha256', key).update(`${sender}${body}`).digest('base64url');

const isSame = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a), Buffer.from(b));
