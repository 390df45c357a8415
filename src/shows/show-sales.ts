import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import { milliseconds } from '../platform/instant';
import type { SalesWindow } from './sales-window';

/** The part of a show that decides on selling its seats. */
export interface ShowSales extends SalesWindow {
  readonly currency: string;
}

/** Looks up shows within the transaction; shows that don't exist are absent from the map. */
export async function sendShowSales(
  transaction: PipelinedTransaction,
  showIds: readonly number[],
): Promise<Map<number, ShowSales>> {
  const { rows } = await transaction.send<{
    id: number;
    salesOpenAt: number;
    salesCloseAt: number;
    endsAt: number;
    currency: string;
  }>(
    // As numbers: `pg` takes longer to read three dates than for all else here.
    `SELECT id, currency, ${milliseconds('sales_open_at')} AS "salesOpenAt", ${milliseconds('sales_close_at')} AS "salesCloseAt",
            ${milliseconds('ends_at')} AS "endsAt"
       FROM show WHERE id = ANY($1::int[])`,
    [showIds],
  );
  return new Map(rows.map((row) => [row.id, row]));
}
