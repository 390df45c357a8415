import type { SeenSeat } from '../checkers/history';
import type { Show } from './target';

/** People who go after the same show, one show after the other: enough of them to collide, for as long as it is worth it. */
export class Crowd {
  private index = 0;
  private asked = 0;
  private readonly soldOut = new Set<Show>();

  /** @param perShow how many operations a show gets before the crowd moves on */
  constructor(
    private readonly shows: readonly Show[],
    private readonly perShow: number,
  ) {}

  /** Where to go next; undefined when everything is sold. */
  show(): Show | undefined {
    if (this.asked++ >= this.perShow) this.moveOn();
    return this.soldOut.size === this.shows.length ? undefined : this.shows[this.index];
  }

  /** Tells the crowd how one of it saw a show: it does not stay where nothing is left. */
  saw(show: Show, seats: readonly SeenSeat[]): void {
    if (seats.some(({ status }) => status !== 'BOOKED')) return;
    this.soldOut.add(show);
    if (this.shows[this.index] === show) this.moveOn();
  }

  private moveOn(): void {
    this.asked = 0;
    for (let tried = 0; tried < this.shows.length; tried++) {
      this.index = (this.index + 1) % this.shows.length;
      if (!this.soldOut.has(this.shows[this.index]!)) return;
    }
  }
}
