import { COMMANDS } from '../checkers/commands';
import { seatRef } from '../checkers/history';
import { query } from '../kit/database-server';
import type { House } from '../kit/house';
import type { Target } from '../kit/http-client';
import { post } from '../kit/raw-load';
import { guests, Holder, shows } from '../people/target';

/** Of one holder in one show; no more than the limit of the settings. */
const SEATS_PER_HOLDER = 10;

/**
 * Work that never runs out and causes no conflicts: each client has a seat of its own, and holds it and releases it in turn.
 * Each success is a row in the ledger, so that the successes can be counted there.
 */
export class Turnstile {
  private readonly isHeld: boolean[];

  private constructor(
    private readonly requests: readonly { hold: string; release: string }[],
    private readonly house: House,
    /** Before it all. */
    private readonly steps: number,
  ) {
    this.isHeld = requests.map(() => false);
  }

  static async make(target: Target, house: House, clients: number): Promise<Turnstile> {
    const houses = await shows(target, house.showIds.flat());
    // Side by side in different shows, as neighbours of one show would all wait in one lane.
    const rounds = Math.ceil(clients / houses.length);
    const holders: Holder[] = await guests(target, Math.ceil(rounds / SEATS_PER_HOLDER));
    const requests = Array.from({ length: clients }, (_, client) => {
      const [round, show] = [Math.floor(client / houses.length), houses[client % houses.length]!];
      const body = { show_id: show.id, seats: [seatRef(show.seats[round]!)] };
      const { token } = holders[Math.floor(round / SEATS_PER_HOLDER)]!;
      return { hold: post(COMMANDS.hold.path, token, body), release: post(COMMANDS.release.path, token, body) };
    });
    return new Turnstile(requests, house, await stepsOf(house));
  }

  /** For `runLoad()`. */
  readonly request = (client: number): string =>
    this.isHeld[client] ? this.requests[client]!.release : this.requests[client]!.hold;

  /** To be told of each answer: a success turns it. */
  turn(client: number, answer: string): void {
    if (answer === '200') this.isHeld[client] = !this.isHeld[client];
  }

  /** Rows in the ledger since it was made: as many as there were successes, if each was true and nothing else happened. */
  async stepsMade(): Promise<number> {
    return (await stepsOf(this.house)) - this.steps;
  }
}

async function stepsOf({ url }: House): Promise<number> {
  const [row] = await query<{ count: number }>(url, 'SELECT count(*)::int AS count FROM seat_transition');
  return row!.count;
}
