import type { SeatReport } from '../client/seat-merge.ts';
import { announce } from './announcer.ts';
import { el, find, replace, setText } from './dom.ts';
import type { Person } from './person.ts';
import { RushResult, runRush, Tally } from './rush.ts';
import type { ShowSession } from './show-session.ts';
import { plural, seatList } from './words.ts';

const MOST_GUESTS = 200;
const BLOCK_SEATS = 4;

const PHASES = {
  guests: 'Guests arrive',
  hold: 'All ask for the same seats',
  book: 'All try to book them',
  check: 'Checking',
} as const;

/** Sends a crowd after the same seats, and shows the result. */
export class RushView {
  private readonly form = find<HTMLFormElement>('#rush');
  private readonly count = find<HTMLInputElement>('#rush-guests');
  private readonly start = find<HTMLButtonElement>('#rush-start');
  private readonly target = find('#rush-target');
  private readonly result = find('#rush-result');
  private session: ShowSession | undefined;
  private isRunning = false;

  constructor(private readonly acting: () => Person) {
    this.count.max = String(MOST_GUESTS);
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.run();
    });
  }

  show(session: ShowSession): void {
    this.session = session;
    replace(this.result);
    this.update();
  }

  update(): void {
    if (!this.session || this.isRunning) return;
    const { seats, isChoice } = this.block();
    this.start.disabled = seats.length === 0;
    if (seats.length === 0) setText(this.target, 'There is no seat left to fight for.');
    else setText(this.target, `Everybody wants ${seatList(seats)}${isChoice ? ', as you chose' : ''}, at once.`);
  }

  /** The free seats chosen on the map, or else the first free ones side by side. */
  private block(): { seats: SeatReport[]; isChoice: boolean } {
    const session = this.session!;
    const chosen = session.wantedBy(this.acting()).filter((seat) => seat.status === 'AVAILABLE');
    if (chosen.length > 0) return { seats: chosen, isChoice: true };
    let run: SeatReport[] = [];
    let best: SeatReport[] = [];
    for (const seat of session.seats) {
      const last = run.at(-1);
      const follows = last && last.row === seat.row && last.number + 1 === seat.number;
      run = seat.status !== 'AVAILABLE' ? [] : follows ? [...run, seat] : [seat];
      if (run.length > best.length) best = run;
      if (best.length === BLOCK_SEATS) break;
    }
    return { seats: best, isChoice: false };
  }

  private async run(): Promise<void> {
    const session = this.session;
    if (!session || this.isRunning) return;
    const guests = Math.min(MOST_GUESTS, Math.max(2, Math.round(this.count.valueAsNumber) || 25));
    this.count.value = String(guests);
    const { seats } = this.block();
    const person = this.acting();
    session.choose(person, []);
    this.isRunning = true;
    this.start.disabled = true;
    const bar = el('progress', { max: guests, value: 0, 'aria-label': 'Progress of the rush' });
    const phaseText = el('p', { class: 'rush-phase' });
    replace(this.result, phaseText, bar);
    const refs = seats.map(({ row, number }) => ({ row, number }));
    const result = await runRush({
      showId: session.show.id,
      seats: refs,
      guests,
      onProgress: (phase, done) => {
        setText(phaseText, `${PHASES[phase]} …`);
        bar.value = done;
      },
    });
    this.isRunning = false;
    if (session === this.session) this.render(result, guests, refs);
    this.update();
  }

  private render(
    { holds, books, winners, contradictions, isChecked }: RushResult,
    guests: number,
    seats: { row: string; number: number }[],
  ): void {
    const winner = winners[0];
    const headline = winner
      ? `Guest ${winner.guest} of ${guests} got ${seatList(winner.booking.seats)}.`
      : `None of ${guests} guests got ${seatList(seats)}: another shopper was first.`;
    const isGood = contradictions.length === 0 && isChecked && winners.length <= 1;
    const verdict = isGood
      ? `No seat was sold twice: ${plural(winners.length, 'booking')} among ${guests} guests, and the map agrees.`
      : !isChecked
        ? 'The map could not be read to check the answers.'
        : `Something is wrong: ${contradictions.join('; ') || 'more than one guest won'}.`;
    replace(
      this.result,
      el(
        'p',
        { class: 'rush-headline' },
        headline,
        winner && el('span', { class: 'reference' }, winner.booking.reference),
      ),
      el('p', { class: 'verdict', 'data-kind': isGood ? 'good' : 'bad' }, verdict),
      el('div', { class: 'tallies' }, this.table('Hold', holds, guests), this.table('Book', books, guests)),
    );
    announce(`${headline} ${verdict}`);
  }

  private table(name: string, { counts, tookMs }: Tally, guests: number): HTMLElement {
    return el(
      'table',
      { class: 'tally' },
      el('caption', {}, name, el('span', {}, `${Math.round(tookMs)} ms`)),
      el(
        'tbody',
        {},
        ...counts.map(({ answer, count, isOk }) => {
          const share = el('span', { class: 'tally-bar', 'aria-hidden': 'true' });
          share.style.width = `${(count / guests) * 100}%`;
          return el(
            'tr',
            { 'data-kind': isOk ? 'good' : 'bad' },
            el('th', { scope: 'row' }, answer),
            el('td', {}, String(count), share),
          );
        }),
      ),
    );
  }
}
