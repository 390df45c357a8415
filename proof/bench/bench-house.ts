import type { DataSource, QueryRunner } from 'typeorm';
import { VerificationReport, verifyLedger } from '../../src/ledger/ledger-verifier';
import { onMaintenanceConnection } from '../../src/platform/database/maintenance';
import { failureKind } from '../../src/platform/database/pg-errors';
import { rectangularLayout } from '../../src/shows/show-creation';
import { openDataSource } from '../kit/database-server';
import type { House, HouseSize } from '../kit/house';
import type { Stage } from '../kit/stage';

/** A database with shows, all seats of which are free after {@link reset}. */
export class BenchHouse {
  readonly url: string;
  readonly showIds: readonly number[];

  static async open(stage: Stage, house: House, size: HouseSize): Promise<BenchHouse> {
    const dataSource = await stage.put(
      () => openDataSource(house.url),
      (opened) => opened.destroy(),
    );
    const opened = new BenchHouse(house, size, dataSource);
    await opened.settle();
    return opened;
  }

  private constructor(
    { url, showIds }: House,
    readonly size: HouseSize,
    readonly dataSource: DataSource,
  ) {
    this.url = url;
    this.showIds = showIds.flat();
  }

  /** Names of a show's rows. */
  get rows(): string[] {
    return rectangularLayout(this.size.rows, this.size.seatsPerRow).map(({ row }) => row);
  }

  /** Makes every seat free and forgets what was before. */
  async reset(): Promise<void> {
    await onMaintenanceConnection(this.dataSource, async (runner) => {
      await this.forget(runner);
      await runner.query(
        `INSERT INTO seat (show_id, "row", number, price)
         SELECT show.id, layout."row", number, show.price
           FROM show JOIN screen ON screen.id = show.screen_id
          CROSS JOIN jsonb_to_recordset(screen.layout) AS layout("row" text, seats integer)
          CROSS JOIN generate_series(1, layout.seats) AS number
          ORDER BY show.id, layout."row" COLLATE "C", number`,
      );
    });
    await this.settle();
  }

  /** A server that signs heads holds some of the tables and wants others. PostgreSQL ends one of the two. */
  private async forget(runner: QueryRunner, attemptsLeft = 5): Promise<void> {
    try {
      await runner.query(
        'TRUNCATE seat, seat_transition, booking, booking_seat, idempotency_record, ledger_head, ledger_opening',
      );
    } catch (error) {
      if (failureKind(error) !== 'conflict' || attemptsLeft === 0) throw error;
      await this.forget(runner, attemptsLeft - 1);
    }
  }

  /** Does the work that a round has left to PostgreSQL, so that the next round does not pay for it. */
  async settle(): Promise<void> {
    await onMaintenanceConnection(this.dataSource, async (runner) => {
      await runner.query('VACUUM ANALYZE');
      await runner.query('CHECKPOINT').catch(() => undefined); // not everybody may
    });
  }

  /** The ledger replay: a benchmark with a violation has no result. @throws when there is one */
  async verify(): Promise<VerificationReport> {
    const report = await verifyLedger(this.dataSource);
    if (report.violations > 0)
      throw new Error(`The ledger does not agree: ${JSON.stringify(report.listed.slice(0, 3))}`);
    return report;
  }
}
