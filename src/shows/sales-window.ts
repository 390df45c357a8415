/** PURE. When seats of a show can be held and booked. */
export interface SalesWindow {
  readonly salesOpenAt: Date;
  readonly salesCloseAt: Date;
}

/** Whether sales are open at an instant of the database's clock: from the opening, up to but not at the close. */
export function salesOpen(window: SalesWindow, nowMs: number): boolean {
  // An `infinity` of PostgreSQL, in a row from before the checks, is no Date but a number.
  return Number(window.salesOpenAt) <= nowMs && nowMs < Number(window.salesCloseAt);
}
