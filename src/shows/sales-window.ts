/** PURE. When seats of a show can be held and booked: dates, or milliseconds since the epoch. */
export interface SalesWindow {
  readonly salesOpenAt: Date | number;
  readonly salesCloseAt: Date | number;
  readonly endsAt: Date | number;
}

/** Whether sales are open at an instant of the database's clock: from the opening, up to but not at the close. */
export function salesOpen(window: SalesWindow, nowMs: number): boolean {
  // An `infinity` of PostgreSQL, in a row from before the checks, is no Date but a number.
  return Number(window.salesOpenAt) <= nowMs && nowMs < salesCloseMs(window);
}

/** When sales close. No show is sold once it is over, though rows of version 0.1 may say so. */
export function salesCloseMs({ salesCloseAt, endsAt }: SalesWindow): number {
  return Math.min(Number(salesCloseAt), Number(endsAt));
}
