import { SeatReport, seatKey } from '../client/seat-merge.ts';
import { el, find, oncePerFrame } from './dom.ts';
import { addGridKeys } from './grid-keys.ts';
import { addPanning } from './panning.ts';
import { Person } from './person.ts';
import type { Look, ShowSession } from './show-session.ts';
import { seatName } from './words.ts';
import { addZoom, Zoom } from './zoom.ts';

/** With more changes at once, none of them flashes. */
const MAX_FLASHES = 60;

const LOOK_WORDS: Readonly<Record<Look, string>> = {
  available: 'available',
  'held-you': 'held by you',
  'held-alex': 'held by Alex',
  held: 'held by someone else',
  'booked-you': 'booked by you',
  'booked-alex': 'booked by Alex',
  booked: 'booked',
};

/** Orders row labels as people do: A … Z, AA, AB …; numbers by their value. */
const rowOrder = (a: string, b: string) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

/** The house: a grid of seats. Drawn whole once for a show, then changed seat by seat. */
export class HouseView {
  private readonly grid = find('#seats');
  private readonly viewport = find('#viewport');
  private readonly zoom: Zoom;
  private readonly cells = new Map<string, HTMLElement>();
  private readonly dirty = new Set<string>();
  private readonly changed = new Set<string>();
  private readonly paintSoon = oncePerFrame(() => this.paint());
  private session: ShowSession | undefined;

  /** @param onPick called when a seat is clicked, or chosen with the keyboard */
  constructor(
    private readonly persons: readonly Person[],
    onPick: (key: string) => void,
  ) {
    const panning = addPanning(this.viewport);
    this.zoom = addZoom(this.viewport, this.grid);
    const keys = addGridKeys(this.grid);
    // One listener for all seats: ten thousand listeners would be slow to add.
    this.grid.addEventListener('click', (event) => {
      const cell = (event.target as Element).closest<HTMLElement>('[data-key]');
      if (!cell || panning.hasMoved()) return;
      keys.makeCurrent(cell);
      onPick(cell.dataset.key!);
    });
    this.grid.addEventListener('animationend', (event) => {
      (event.target as Element).closest('[data-key]')?.classList.remove('is-refused', 'is-changed');
    });
  }

  /** Clears the house. The first seats of the session draw it anew. */
  show(session: ShowSession): void {
    this.session = session;
    this.cells.clear();
    this.dirty.clear();
    this.changed.clear();
    this.grid.replaceChildren();
    this.viewport.dataset.state = 'loading';
  }

  update(keys: readonly string[]): void {
    for (const key of keys) this.dirty.add(key);
    this.paintSoon();
  }

  /** Shakes the seats that caused a refusal. */
  pointAt(keys: readonly string[]): void {
    for (const key of keys) this.cells.get(key)?.classList.add('is-refused');
  }

  private paint(): void {
    const { session } = this;
    if (!session || this.dirty.size === 0) return;
    // A person's holds may be reported before the first snapshot has drawn their seats.
    if ([...this.dirty].some((key) => this.cells.has(key) !== (session.seat(key) !== undefined))) this.draw(session);
    for (const key of this.dirty) {
      const [seat, cell] = [session.seat(key), this.cells.get(key)];
      if (seat && cell && this.paintSeat(session, seat, cell)) this.changed.add(key);
    }
    if (this.changed.size <= MAX_FLASHES)
      for (const key of this.changed) this.cells.get(key)?.classList.add('is-changed');
    this.dirty.clear();
    this.changed.clear();
  }

  /** Draws all rows: at first, and again when seats of the show come or go. */
  private draw(session: ShowSession): void {
    const rows = new Map<string, SeatReport[]>();
    for (const seat of session.seats) {
      const row = rows.get(seat.row);
      if (row) row.push(seat);
      else rows.set(seat.row, [seat]);
    }
    const labels = [...rows.keys()].sort(rowOrder);
    const widest = Math.max(...[...rows.values()].map((row) => row.length));
    this.cells.clear();
    const drawn = document.createDocumentFragment();
    for (const label of labels) {
      const seats = rows.get(label)!.sort((a, b) => a.number - b.number);
      const row = el(
        'div',
        { role: 'row', class: 'row' },
        el('span', { role: 'rowheader', class: 'row-label' }, label),
      );
      for (const seat of seats) {
        const key = seatKey(seat);
        const cell = el('div', { role: 'gridcell', class: 'seat', 'data-key': key, tabindex: -1 }, String(seat.number));
        this.paintSeat(session, seat, cell);
        this.cells.set(key, cell);
        row.append(cell);
      }
      row.append(el('span', { class: 'row-label', 'aria-hidden': 'true' }, label));
      drawn.append(row);
    }
    this.grid.replaceChildren(drawn);
    this.grid.querySelector<HTMLElement>('.seat')?.setAttribute('tabindex', '0');
    this.viewport.dataset.state = this.cells.size === 0 ? 'empty' : 'drawn';
    this.zoom.fit(widest, labels.length);
  }

  /** Returns whether the look of a seat drawn before has changed. */
  private paintSeat(session: ShowSession, seat: SeatReport, cell: HTMLElement): boolean {
    const look = session.look(seat);
    const choosers = this.persons.filter((person) => person.chosen.has(seatKey(seat)));
    const chosen = choosers.map(({ id }) => id).join(' ');
    const isOther = cell.dataset.look !== look;
    if (!isOther && (cell.dataset.chosen ?? '') === chosen) return false;
    const isFirst = cell.dataset.look === undefined;
    cell.dataset.look = look;
    if (chosen) cell.dataset.chosen = chosen;
    else delete cell.dataset.chosen;
    const words = [
      seatName(seat),
      LOOK_WORDS[look],
      `${session.show.price} ${session.show.currency}`,
      ...choosers.map(({ inSentence }) => `chosen by ${inSentence}`),
    ];
    cell.setAttribute('aria-label', words.join(', '));
    cell.setAttribute('aria-selected', String(choosers.length > 0));
    return isOther && !isFirst;
  }
}
