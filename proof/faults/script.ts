import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../checkers/attempt';
import type { Command } from '../checkers/commands';
import { SeatName, seatName } from '../checkers/history';
import { query } from '../kit/database-server';
import type { House } from '../kit/house';
import type { Reply, Target } from '../kit/http-client';
import { guests, Holder } from '../people/target';

/**
 * The same commands, one after the other, as seen by a client of any server: two servers that differ in nothing a client can
 * see have the same transcript, line by line. Random values and times are put into words that are the same each time.
 */

/** Shows of the script: one to buy in, one whose sale ends soon, one whose sale begins soon. */
export const SCRIPT_PLAN = { shows: 3, rows: 1, seatsPerRow: 6 } as const;
export const SCRIPT_TTL_SECONDS = 2;

const SOON = '5 minutes';
/** The most that a time told may differ from the database's when it is read a little later. */
const CLOCK_TOLERANCE_MS = 1_000;
const LAPSE_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 20;

export interface Script {
  readonly house: House;
  readonly showIds: readonly number[];
  /** Called when a hold has lapsed, before anybody asks for its seat. */
  onLapsed(showId: number): Promise<void>;
}

/** Plays the script. Returns what was seen. */
export function play(target: Target, script: Script): Promise<string[]> {
  return new Play(target, script).run();
}

interface ToldSeat {
  readonly row: string;
  readonly number: number;
  readonly status: string;
  readonly hold_expires_at?: string;
}

class Play {
  private readonly lines: string[] = [];
  private readonly bodies = new Map<string, string>();
  /** Ids, references and keys of bookings, in the order in which they are first seen. */
  private readonly ids: string[] = [];

  constructor(
    private readonly target: Target,
    private readonly script: Script,
  ) {}

  async run(): Promise<string[]> {
    const [ann, bob] = (await guests(this.target, 2)) as [Holder, Holder];
    const [show, closing, opening] = this.script.showIds as [number, number, number];
    for (const [id, moment] of [
      [closing, 'sales_close_at'],
      [opening, 'sales_open_at'],
    ] as const) {
      const soon = `clock_timestamp() + interval '${SOON}'`;
      await query(this.script.house.url, `UPDATE show SET ${moment} = ${soon} WHERE id = $1`, [id]);
    }
    const key = (name: string) => `${name}-${show}`;

    await this.command('ann', ann, 'hold', show, ['A/1', 'A/2'], key('hold'));
    await this.command('ann, again under the key', ann, 'hold', show, ['A/2', 'A/1'], key('hold'));
    await this.command('ann, another request under the key', ann, 'hold', show, ['A/3'], key('hold'));
    await this.command('bob', bob, 'hold', show, ['A/2', 'A/3']);
    await this.command('bob', bob, 'release', show, ['A/1']);
    await this.look('bob', bob, show);
    await this.command('ann', ann, 'book', show, ['A/1'], key('book'));
    await this.command('ann, again under the key', ann, 'book', show, ['A/1'], key('book'));
    await this.command('ann, again without', ann, 'book', show, ['A/1']);
    await this.command('ann', ann, 'release', show, ['A/2']);
    await this.command('bob', bob, 'hold', show, ['A/2', 'A/4', 'A/5'], key('lapse'));
    await this.untilLapsed(bob, show, 'A/2');
    await this.script.onLapsed(show);
    await this.look('ann', ann, show);
    await this.command('bob, too late', bob, 'book', show, ['A/2']);
    await this.command('bob, too late', bob, 'release', show, ['A/4']);
    await this.command('bob, again under the key', bob, 'hold', show, ['A/2', 'A/4', 'A/5'], key('lapse'));
    await this.command('ann', ann, 'hold', show, ['A/2']);
    await this.command('bob', bob, 'hold', show, ['A/5']);
    await this.look('bob', bob, show);
    await this.command('ann', ann, 'book', show, ['A/2', 'A/1']);
    await this.command('ann', ann, 'book', show, ['A/2']);
    await this.command('ann, whose sale ends soon', ann, 'hold', closing, ['A/1']);
    await this.command('ann, whose sale ends soon', ann, 'book', closing, ['A/1']);
    await this.command('ann, whose sale begins soon', ann, 'hold', opening, ['A/1']);
    await this.sales();
    return this.lines;
  }

  private async command(
    who: string,
    holder: Holder,
    command: Command,
    showId: number,
    seats: readonly SeatName[],
    key?: string,
  ): Promise<void> {
    const reply = await ask(this.target, { holder, command, showId, seats, key });
    this.tell(`${who}: ${command} ${seats.join(' ')}`, reply, await this.clockMs());
  }

  private async look(who: string, holder: Holder, showId: number): Promise<void> {
    const reply = await ask(this.target, { holder, command: 'read', showId, seats: [] });
    this.tell(`${who}: looks`, reply, await this.clockMs());
  }

  /** Looks until the hold is over, and tells whether that was at its deadline. */
  private async untilLapsed({ token }: Holder, showId: number, name: SeatName): Promise<void> {
    const endMs = performance.now() + LAPSE_TIMEOUT_MS;
    let deadlineMs = Infinity;
    let isEarly = false;
    for (;;) {
      const { body } = await this.target.request('GET', `/api/seats/?show_id=${showId}`, { token });
      const { server_time: at, seats } = body as { server_time: string; seats: ToldSeat[] };
      const seat = seats.find((one) => seatName(one) === name)!;
      const atMs = Date.parse(at);
      if (seat.status === 'HELD') deadlineMs = Date.parse(seat.hold_expires_at!);
      isEarly ||= (seat.status === 'HELD') !== atMs < deadlineMs;
      if (seat.status !== 'HELD' || performance.now() > endMs) {
        this.lines.push(`${name} is ${seat.status} ${isEarly ? 'not ' : ''}exactly from its deadline on`);
        return;
      }
      await pause(POLL_INTERVAL_MS);
    }
  }

  private async sales(): Promise<void> {
    const { status, body } = await this.target.request('GET', '/api/shows/?limit=50');
    const { shows } = body as { shows: { id: number; sales: string }[] };
    const states = this.script.showIds.map((id) => shows.find((show) => show.id === id)?.sales);
    this.lines.push(`shows: ${status} ${states.join(' ')}`);
  }

  private tell(question: string, { status, isReplayed, body }: Reply, nowMs: number): void {
    // A replay is the earlier answer with the time of now.
    const all = JSON.stringify({ ...(body as object), server_time: undefined });
    const first = this.bodies.get(all);
    const stored = first === undefined ? 'stored, and never told before' : `stored, as told to "${first}"`;
    if (!isReplayed) this.bodies.set(all, question);
    const atMs = Date.parse((body as { server_time?: string }).server_time ?? '');
    const inWords = (name: string, value: unknown): unknown => {
      if (name === 'instance') return undefined;
      if (name === 'show_id') return `show ${this.script.showIds.indexOf(value as number)}`;
      if (['id', 'reference', 'key'].includes(name)) return this.nameOf(value as string);
      if (name === 'booked_at') return Date.parse(value as string) <= nowMs ? 'in the past' : 'in the future';
      if (name === 'server_time') return timeInWords(atMs, nowMs);
      return name.endsWith('expires_at') ? leftInWords(Date.parse(value as string) - atMs) : value;
    };
    this.lines.push(`${question}: ${status}, ${isReplayed ? stored : 'fresh'}: ${JSON.stringify(body, inWords)}`);
  }

  private nameOf(id: string): string {
    if (!this.ids.includes(id)) this.ids.push(id);
    return `no. ${this.ids.indexOf(id) + 1}`;
  }

  private async clockMs(): Promise<number> {
    const [row] = await query<{ now: string }>(
      this.script.house.url,
      `SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now`,
    );
    return Number(row!.now);
  }
}

const timeInWords = (atMs: number, nowMs: number) =>
  Math.abs(atMs - nowMs) <= CLOCK_TOLERANCE_MS ? "the database's time" : 'another time';

/** A fresh hold has all its time; one that was made before has some of it, or none. */
function leftInWords(leftMs: number): string {
  if (leftMs === SCRIPT_TTL_SECONDS * 1_000) return 'for its whole time';
  if (leftMs <= 0) return 'for no more time';
  return leftMs < SCRIPT_TTL_SECONDS * 1_000 ? 'for the rest of its time' : `for ${leftMs} ms`;
}

/** Where transcripts differ from the first, for people. */
export function differences(transcripts: Readonly<Record<string, readonly string[]>>): string[] {
  const [[firstName, first], ...others] = Object.entries(transcripts) as [
    [string, readonly string[]],
    ...[string, readonly string[]][],
  ];
  return others.flatMap(([name, lines]) =>
    Array.from({ length: Math.max(first.length, lines.length) }, (_, index) => index)
      .filter((index) => first[index] !== lines[index])
      .map((index) => `${firstName}: "${first[index]}"; ${name}: "${lines[index]}"`),
  );
}
