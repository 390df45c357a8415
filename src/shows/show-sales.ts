import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import type { SalesWindow } from './sales-window';

/** What selling a seat needs to know of its show. */
export interface ShowSales extends SalesWindow {
  readonly currency: string;
}

/** Sends the look-up of shows within somebody's transaction; absent shows are absent from the map. */
export async function sendShowSales(
  transaction: PipelinedTransaction,
  showIds: readonly number[],
): Promise<Map<number, ShowSales>> {
  const { rows } = await transaction.send<{ id: number; sales_open_at: Date; sales_close_at: Date; currency: string }>(
    'SELECT id, sales_open_at, sales_close_at, currency FROM show WHERE id = ANY($1::int[])',
    [showIds],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      { salesOpenAt: row.sales_open_at, salesCloseAt: row.sales_close_at, currency: row.currency },
    ]),
  );
}
