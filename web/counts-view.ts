import { el, find, oncePerFrame, replace, setText } from './dom.ts';
import type { Look, ShowSession } from './show-session.ts';

const ENTRIES: readonly { look: Look; label: string; of: readonly Look[] }[] = [
  { look: 'available', label: 'available', of: ['available'] },
  { look: 'held-you', label: 'yours', of: ['held-you'] },
  { look: 'held-alex', label: 'Alex’s', of: ['held-alex'] },
  { look: 'held', label: 'held by others', of: ['held'] },
  { look: 'booked', label: 'booked', of: ['booked', 'booked-you', 'booked-alex'] },
];

/** The number of seats of each look. Serves as the legend of the map, too. */
export class CountsView {
  private readonly numbers = new Map<Look, HTMLElement>();
  private readonly shares = new Map<Look, HTMLElement>();
  private session: ShowSession | undefined;
  readonly update = oncePerFrame(() => this.paint());

  constructor() {
    const [list, bar] = [find('#counts'), find('#shares')];
    replace(list);
    for (const { look, label } of ENTRIES) {
      const number = el('dd', {}, '–');
      const swatch = el('span', { class: 'seat swatch', 'data-look': look, 'aria-hidden': 'true' });
      list.append(el('div', { class: 'count' }, el('dt', {}, swatch, label), number));
      this.numbers.set(look, number);
      const share = el('span', { 'data-look': look });
      bar.append(share);
      this.shares.set(look, share);
    }
  }

  show(session: ShowSession): void {
    this.session = session;
    for (const number of this.numbers.values()) setText(number, '–');
    for (const share of this.shares.values()) share.style.flexGrow = '0';
  }

  private paint(): void {
    const { session } = this;
    if (!session || session.counts.total === 0) return;
    const { available, held, booked } = session.counts;
    const [you, alex] = session.persons.map((person) => session.holdsOf(person).length) as [number, number];
    const counts: Partial<Record<Look, number>> = {
      available,
      booked,
      'held-you': you,
      'held-alex': alex,
      held: Math.max(0, held - you - alex),
    };
    for (const { look } of ENTRIES) {
      setText(this.numbers.get(look)!, counts[look]!.toLocaleString());
      this.shares.get(look)!.style.flexGrow = String(counts[look]);
    }
  }
}
