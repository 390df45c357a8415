import type { SeatStatus } from './commands';
import type { SeatName } from './history';
import type { Change, ModelSeat, Scene } from './seat-rules';

/** The seats of one show, changed step by step and taken back step by step. */
export class ModelScene implements Scene {
  private readonly seats: Map<SeatName, ModelSeat>;
  /** By holder and status. */
  private readonly counts = new Map<string, number>();
  private readonly bookings = new Map<string, Set<SeatName>>();

  constructor(seats: Iterable<readonly [SeatName, ModelSeat]>) {
    this.seats = new Map();
    for (const [name, seat] of seats) {
      this.seats.set(name, seat);
      this.note(name, seat, 1);
    }
  }

  get(seat: SeatName): ModelSeat | undefined {
    return this.seats.get(seat);
  }

  count(holder: string, status: SeatStatus): number {
    return this.counts.get(`${status} ${holder}`) ?? 0;
  }

  booked(bookingId: string): readonly SeatName[] {
    return [...(this.bookings.get(bookingId) ?? [])];
  }

  /** Makes the changes, and returns those that take them back. */
  apply(changes: readonly Change[]): Change[] {
    const back: Change[] = [];
    for (const [name, seat] of changes) {
      const was = this.seats.get(name)!;
      back.push([name, was]);
      this.note(name, was, -1);
      this.seats.set(name, seat);
      this.note(name, seat, 1);
    }
    return back.reverse();
  }

  /** Equal for equal scenes, and for no others. */
  key(): string {
    let key = '';
    for (const { status, version, holder, deadline, bookingId } of this.seats.values()) {
      key += `${version}${status[0]}${holder ?? ''},${deadline ?? bookingId ?? ''};`;
    }
    return key;
  }

  /** For people. */
  describe(): string {
    return [...this.seats]
      .filter(([, { version }]) => version > 0)
      .map(
        ([name, { status, version, holder }]) =>
          `${name} ${status}${holder ? ` by ${holder.slice(0, 14)}` : ''} v${version}`,
      )
      .join(', ');
  }

  private note(name: SeatName, { status, holder, bookingId }: ModelSeat, by: 1 | -1): void {
    if (holder !== undefined) this.counts.set(`${status} ${holder}`, this.count(holder, status) + by);
    if (bookingId === undefined) return;
    let seats = this.bookings.get(bookingId);
    if (!seats) this.bookings.set(bookingId, (seats = new Set()));
    if (by > 0) seats.add(name);
    else seats.delete(name);
  }
}
