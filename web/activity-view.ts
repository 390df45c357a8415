import { ActivityEntry, api } from './api.ts';
import { el, find, replace } from './dom.ts';
import type { Person } from './person.ts';
import type { ShowSession } from './show-session.ts';
import { seatList, timeOfDay, withSeconds } from './words.ts';

/** Least time between two requests for the log. */
const INTERVAL_MS = 600;
const SHOWN_ENTRIES = 60;

const DEEDS = {
  hold: 'held',
  book: 'booked',
  release: 'released',
  expire: 'lapsed',
  block: 'taken off sale',
  unblock: 'put on sale',
} as const;

interface Line {
  readonly at: string;
  readonly command: ActivityEntry['command'];
  readonly who: string;
  readonly seats: ActivityEntry[];
}

/** The log of the show, newest first. */
export class ActivityView {
  private readonly list = find('#activity');
  private session: ShowSession | undefined;
  private timer: number | undefined;
  /** Names by seat and version of the hold. The log names no holders, so the page remembers those it knows. */
  private readonly owners = new Map<string, string>();

  constructor(private readonly persons: readonly Person[]) {}

  show(session: ShowSession): void {
    this.session = session;
    this.owners.clear();
    replace(this.list, el('li', { class: 'is-empty' }, 'Nothing has happened yet.'));
    this.update();
  }

  update(): void {
    this.timer ??= window.setTimeout(() => {
      void this.load().finally(() => (this.timer = undefined));
    }, INTERVAL_MS);
  }

  private async load(): Promise<void> {
    const { session } = this;
    if (!session) return;
    for (const person of this.persons) {
      for (const [key, { version }] of person.holds) this.owners.set(`${key}/${version}`, person.inSentence);
    }
    const answer = await this.persons[0]!.guest.call((headers) =>
      api.GET('/api/shows/{id}/activity/', {
        headers,
        params: { path: { id: session.show.id }, query: { limit: SHOWN_ENTRIES } },
      }),
    );
    // Unreachable, or another show was opened meanwhile. The next change loads the log again.
    if (!answer.isOk || session !== this.session || answer.data.activity.length === 0) return;
    replace(this.list, ...this.lines(answer.data.activity).map((line) => this.render(line)));
  }

  /** Seats that one command moved together make one line. */
  private lines(entries: readonly ActivityEntry[]): Line[] {
    const lines: Line[] = [];
    for (const entry of entries) {
      const { at, command } = entry;
      const who = this.whoseIs(entry);
      const last = lines.at(-1);
      if (last && last.at === at && last.command === command && last.who === who) last.seats.push(entry);
      else lines.push({ at, command, who, seats: [entry] });
    }
    return lines;
  }

  private whoseIs({ row, number, version, command, by_me: isMine }: ActivityEntry): string {
    if (isMine) return 'you';
    const heldAs = command === 'hold' ? version : version - 1;
    return this.owners.get(`${row}/${number}/${heldAs}`) ?? 'someone else';
  }

  private render({ at, command, who, seats }: Line): HTMLElement {
    const person = this.persons.find(({ inSentence }) => inSentence === who);
    const by =
      command === 'expire' ? (person?.id === 'you' ? 'your hold' : person ? `${who}’s hold` : 'a hold') : `by ${who}`;
    return el(
      'li',
      { 'data-person': person?.id },
      // The times of others are told to the minute.
      el('time', { datetime: at }, who === 'you' ? withSeconds(at) : timeOfDay(at)),
      el('span', { class: 'deed', 'data-command': command }, DEEDS[command]),
      el('span', { class: 'activity-seats' }, seatList(seats)),
      el('span', { class: 'by' }, by),
    );
  }
}
