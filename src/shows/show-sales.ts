import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
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
    sales_open_at: Date;
    sales_close_at: Date;
    ends_at: Date;
    currency: string;
  }>('SELECT id, sales_open_at, sales_close_at, ends_at, currency FROM show WHERE id = ANY($1::int[])', [showIds]);
  return new Map(
    rows.map((row) => [
      row.id,
      { salesOpenAt: row.sales_open_at, salesCloseAt: row.sales_close_at, endsAt: row.ends_at, currency: row.currency },
    ]),
  );
}
