import { lengthenLedger } from '../../proof/kit/house';
import { ACTIVITY_SQL, BEGINNING } from '../../src/live/activity.service';
import { createTestDatabase, TestDatabase } from '../support/database';
import { createShow } from '../support/house';

const SEATS = 20;
const STEPS_PER_SEAT = 5_000;
const PAGE = 50;
/** A page of rows, the index above them, and what the planner looks up: far from the thousands of the whole ledger. */
const BLOCKS_MAX = 400;

interface Plan {
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
}

/** What a read costs must not grow with what is stored. */
describe('a page of activity', () => {
  let database: TestDatabase;
  let showId: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    showId = await createShow(database.dataSource, { rows: 1, seatsPerRow: SEATS });
    await lengthenLedger((sql, values) => database.dataSource.query(sql, values), showId, STEPS_PER_SEAT);
    await database.dataSource.query('ANALYZE seat_transition, seat, show');
  });
  afterAll(() => database.drop());

  const blocksOf = async (place: readonly unknown[]) => {
    const [row] = await database.dataSource.query<[{ 'QUERY PLAN': [{ Plan: Plan }] }]>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${ACTIVITY_SQL}`,
      [showId, ...place, PAGE],
    );
    const { Plan } = row['QUERY PLAN'][0];
    return Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks'];
  };

  it('costs as much as a page, however long the ledger is', async () => {
    expect(await blocksOf(BEGINNING)).toBeLessThan(BLOCKS_MAX);
  });

  it('costs the same in the middle and at the end', async () => {
    for (const seconds of [STEPS_PER_SEAT / 4, 2]) {
      const [{ at }] = await database.dataSource.query<[{ at: Date }]>(
        `SELECT min(at) + $2 * interval '1 second' AS at FROM seat_transition WHERE show_id = $1`,
        [showId, seconds],
      );
      expect(await blocksOf([at.toISOString(), 'A', SEATS, STEPS_PER_SEAT])).toBeLessThan(BLOCKS_MAX);
    }
  });
});
