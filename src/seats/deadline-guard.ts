import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import { timestamp } from './seat-rows';

/**
 * How long before a hold's deadline the COMMIT must be reached by a transaction that took the hold for live. A commit that
 * became visible after the deadline would turn a seat that readers have seen AVAILABLE for a moment into a BOOKED one of
 * the same version.
 */
const COMMIT_MARGIN_MS = 50;

/** The SQLSTATE (division_by_zero) that the guard fails with, as SQL has no statement that raises an error. */
export const DEADLINE_GUARD_FAILED = '22012';

/**
 * The holds that the decisions of a transaction took for live. The answers describe them at the instant of the transaction's
 * changes, and readers see those changes from the commit on: the holds must not have lapsed by then.
 */
export class DeadlineGuard {
  /** By show: the earliest deadline. */
  private readonly deadlinesMs = new Map<number, number>();

  constructor(private readonly nowMs: number) {}

  /**
   * Notes the deadline of a hold that a decision has looked at. A lapsed one is lapsed for every reader already.
   *
   * @returns how long until the hold lapses, where that is too soon for a commit: the decision can't stand, and is not noted.
   * Otherwise 0
   */
  note(showId: number, holdExpiresAtMs: number | null | undefined): number {
    if (holdExpiresAtMs == null || holdExpiresAtMs <= this.nowMs) return 0;
    const leftMs = holdExpiresAtMs - this.nowMs;
    if (leftMs <= COMMIT_MARGIN_MS) return leftMs;
    this.deadlinesMs.set(showId, Math.min(holdExpiresAtMs, this.deadlinesMs.get(showId) ?? Infinity));
    return 0;
  }

  /**
   * Fails the transaction unless it is still well before the deadlines in the shows that it changes. Sent last before
   * COMMIT: between the decision and here a transaction can be held up for as long as it likes.
   */
  send(transaction: PipelinedTransaction, changedShowIds: Iterable<number>): void {
    const deadlinesMs = [...changedShowIds].flatMap((showId) => this.deadlinesMs.get(showId) ?? []);
    if (deadlinesMs.length === 0) return;
    const latestMs = Math.min(...deadlinesMs) - COMMIT_MARGIN_MS;
    void transaction.send('SELECT 1 / (clock_timestamp() < $1::timestamptz)::int', [timestamp(latestMs)]);
  }
}
