import { Injectable } from '@nestjs/common';
import type { SeatListener } from '../seats/seat-listener';

/** The shows whose seats this process has changed, or may have, since they were last asked for. */
@Injectable()
export class ChangedShows implements SeatListener {
  private ids = new Set<number>();

  committed(seats: readonly { readonly showId: number }[]): void {
    for (const { showId } of seats) this.ids.add(showId);
  }

  uncertain(showIds: readonly number[]): void {
    for (const showId of showIds) this.ids.add(showId);
  }

  /** Returns them, and forgets them. */
  take(): ReadonlySet<number> {
    const { ids } = this;
    this.ids = new Set();
    return ids;
  }
}
