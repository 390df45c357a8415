import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { ChangeMessages, Message, WireSeat } from './change-message';

const KEYS = [randomBytes(32), randomBytes(32)];
const SENDER = randomUUID();
const SEAT: WireSeat = [30, 'A', 1, 'HELD', 3, 'guest:ann', 1_800_000_000_000];
const messages = new ChangeMessages(KEYS);
const MISLEADING = /"seats"/;

/** As version 0.1 writes it, and anybody else can. */
const unsigned = (message: unknown) => SENDER + JSON.stringify(message);

describe('a message between instances', () => {
  it.each<Message>([{ seats: [SEAT, [30, 'Ω', 2, 'BOOKED', 0, null, null]] }, { shows: [1, 2] }, { hello: true }])(
    'is read as it was written: %j',
    (message) => {
      const [text, ...others] = messages.encode(SENDER, message);
      expect(others).toEqual([]);
      expect(messages.decode(text!)).toEqual({ sender: SENDER, isSigned: true, message });
    },
  );

  it('can be read by version 0.1, which looks for no signature', () => {
    const [text] = messages.encode(SENDER, { seats: [SEAT] });
    expect(JSON.parse(text!.slice(SENDER.length))).toMatchObject({ seats: [SEAT] });
  });

  it('is believed when a former secret signed it, so that instances can be restarted one by one', () => {
    const [text] = new ChangeMessages([KEYS[1]!]).encode(SENDER, { seats: [SEAT] });
    expect(messages.decode(text!)!.isSigned).toBe(true);
    expect(new ChangeMessages([KEYS[0]!]).decode(text!)!.isSigned).toBe(false);
  });

  it.each<[string, (text: string) => string]>([
    ['is not signed', () => unsigned({ seats: [SEAT] })],
    ['has another seat', (text) => text.replace('"A",1', '"A",2')],
    ['has another sender', (text) => randomUUID() + text.slice(SENDER.length)],
    [
      'has another signature',
      (text) => text.replace(/"mac":"./, (start) => start.slice(0, -1) + (start.endsWith('A') ? 'B' : 'A')),
    ],
    ['is signed with another key', () => new ChangeMessages([randomBytes(32)]).encode(SENDER, { seats: [SEAT] })[0]!],
  ])('that %s is a hint to look at the show, and no more', (_, change) => {
    const text = change(messages.encode(SENDER, { seats: [SEAT] })[0]!);
    expect(messages.decode(text)).toMatchObject({ isSigned: false, message: { shows: [30] } });
  });

  it.each(
    [
      'x',
      '',
      '{}',
      'null',
      '0'.repeat(36),
      '\0',
      'x'.repeat(8_000),
      `${SENDER}{`,
      `${SENDER}null`,
      `${SENDER}[]`,
      `${SENDER}{"mac":"${'A'.repeat(43)}",}`,
      `${SENDER}${'['.repeat(7_000)}`,
      unsigned({}),
      unsigned({ seats: null }),
      unsigned({ seats: 1 }),
      unsigned({ seats: { length: 1e9 } }),
      unsigned({ seats: [null] }),
      unsigned({ seats: [SEAT.slice(0, 6)] }),
      unsigned({ seats: [[...SEAT, 1]] }),
      unsigned({ shows: [1.5] }),
      unsigned({ shows: ['1'] }),
      unsigned({ shows: [1e300] }),
      unsigned({ hello: 1 }),
      unsigned({ constructor: 1 }),
      unsigned({ __proto__: null, toString: 1 }),
    ].map((text) => [text.slice(0, 60), text]),
  )('is noise: %j', (_, text) => {
    expect(messages.decode(text)).toBeUndefined();
  });

  // Each of these ended a process, or an event that could not be rendered would have.
  it.each<[string, unknown[]]>([
    ['a hold without a deadline', [30, 'A', 1, 'HELD', 3, 'guest:ann', null]],
    ['a hold without a holder', [30, 'A', 1, 'HELD', 3, null, 1]],
    ['a deadline that is no instant', [30, 'A', 1, 'HELD', 3, 'guest:ann', 1e17]],
    ['a status of another version', [30, 'A', 1, 'SWAPPED', 3, null, null]],
    ['a version that is no number', [30, 'A', 1, 'BOOKED', '9', null, null]],
    ['a version beyond all numbers', [30, 'A', 1, 'BOOKED', 2 ** 31, null, null]],
    ['a row that is no text', [30, { toString: 1 }, 1, 'BOOKED', 3, null, null]],
  ])('with %s is noise, even when it is signed', (_, wire) => {
    const body = JSON.stringify({ seats: [wire] });
    const mac = createHmac('sha256', KEYS[0]!)
      .update(SENDER + body)
      .digest('base64url');
    expect(messages.decode(`${SENDER}{"mac":"${mac}",${body.slice(1)}`)).toBeUndefined();
  });

  it('never throws, and never misleads, whatever text comes', () => {
    const pieces = fc.constantFrom(
      SENDER,
      '{"mac":"',
      'A'.repeat(43),
      '",',
      '"seats":',
      JSON.stringify([SEAT]),
      '}',
      '[',
      ']',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          expect(JSON.stringify(messages.decode(text)) ?? '').not.toMatch(MISLEADING);
        },
      ),
    );
  });

  it('goes in as many texts as NOTIFY needs, with nothing lost; a seat that fits in none goes as its show', () => {
    const seats = Array.from({ length: 500 }, (_, index): WireSeat => [
      30,
      'A',
      index + 1,
      'HELD',
      1,
      `guest:${'ż'.repeat(60)}`,
      1,
    ]);
    const texts = messages.encode(SENDER, { seats });
    for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThan(8_000);
    expect(texts.flatMap((text) => (messages.decode(text)!.message as { seats: WireSeat[] }).seats)).toEqual(seats);

    const huge: WireSeat = [31, 'A', 1, 'HELD', 1, 'x'.repeat(9_000), 1];
    const [text, ...others] = messages.encode(SENDER, { seats: [huge] });
    expect([messages.decode(text!)!.message, others]).toEqual([{ shows: [31] }, []]);
    const shows = Array.from({ length: 5_000 }, (_, index) => index + 1);
    const told = messages
      .encode(SENDER, { shows })
      .map((part) => messages.decode(part)!.message as { shows: number[] });
    expect(told.flatMap((message) => message.shows)).toEqual(shows);
  });
});
