import { DataSource } from 'typeorm';
import { DEMO_PASSWORD, DEMO_USERNAME, ensureDemo, isOnThisMachine } from '../../src/cli/demo';
import { PasswordHasher } from '../../src/identity/password-hasher';
import { User } from '../../src/identity/user.entity';
import { UsersService } from '../../src/identity/users.service';
import { parseDatabaseEnvironment } from '../../src/platform/config/app-config';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { onMaintenanceConnection } from '../../src/platform/database/maintenance';
import { schema } from '../../src/database/schema';
import { addLoadTestShows } from '../../src/shows/load-test-shows';
import { createTestDatabase, TestDatabase } from '../support/database';
import { until } from '../../proof/kit/until';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

interface ShowRow {
  id: number;
  title: string;
  screen: string;
  starts_in_ms: number;
  runs_ms: number;
  sold_until_start: boolean;
  on_sale: boolean;
  starts_at: Date;
  price: string;
  currency: string;
  seats: string;
  seat_prices: string[];
}

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(() => database.drop());

const readShows = () =>
  database.dataSource.query<ShowRow[]>(`
    SELECT show.id, movie.title, screen.name AS screen, show.starts_at, show.price, show.currency,
           extract(epoch FROM starts_at - clock_timestamp())::float8 * 1000 AS starts_in_ms,
           extract(epoch FROM ends_at - starts_at)::float8 * 1000 AS runs_ms,
           sales_close_at = starts_at AS sold_until_start,
           clock_timestamp() >= sales_open_at AND clock_timestamp() < sales_close_at AS on_sale,
           (SELECT string_agg("row" || number, ' ' ORDER BY "row", number) FROM seat WHERE show_id = show.id) AS seats,
           (SELECT array_agg(DISTINCT price::text) FROM seat WHERE show_id = show.id) AS seat_prices
      FROM show JOIN movie ON movie.id = movie_id JOIN screen ON screen.id = screen_id ORDER BY show.id`);

const counts = async () => {
  const [row] = await database.dataSource.query<Record<string, number>[]>(`
    SELECT (SELECT count(*) FROM movie)::int AS movies, (SELECT count(*) FROM screen)::int AS screens,
           (SELECT count(*) FROM "user")::int AS users, (SELECT count(*) FROM show)::int AS shows,
           (SELECT count(*) FROM seat)::int AS seats`);
  return row;
};

const COMPLETE = { movies: 3, screens: 2, users: 1, shows: 4, seats: 160 };

const seatNames = (rows: string, seatsPerRow: number) =>
  [...rows].flatMap((row) => Array.from({ length: seatsPerRow }, (_, index) => `${row}${index + 1}`)).join(' ');

describe('the demo', () => {
  it('has what the README says', async () => {
    const made = await ensureDemo(database.dataSource);

    const shows = await readShows();
    expect(await counts()).toEqual(COMPLETE);
    expect(made).toMatchObject({
      movies: ['Avatar: The Way of Water', 'Inception', 'Top Gun: Maverick'],
      screens: ['Screen 1 (Main Hall)', 'Screen 2'],
      user: DEMO_USERNAME,
    });
    expect(made.shows).toEqual(
      shows.map(({ id, title, screen, starts_at, seats }) => ({
        id,
        title,
        screen,
        startsAt: starts_at,
        seats: seats.split(' ').length,
      })),
    );
    expect(new Set(shows.map((show) => show.title))).toEqual(new Set(made.movies));
    expect(new Set(shows.map((show) => `${show.screen}: ${show.seats}`))).toEqual(
      new Set([`Screen 1 (Main Hall): ${seatNames('ABCDE', 10)}`, `Screen 2: ${seatNames('ABC', 10)}`]),
    );
    const tomorrow = new Date();
    tomorrow.setDate(tomorrow.getDate() + 1);
    shows.forEach((show, index) => {
      expect(show.starts_at.toLocaleString('sv')).toBe(
        `${tomorrow.toLocaleDateString('sv')} ${['18:00:00', '18:30:00', '20:30:00', '22:00:00'][index]}`,
      );
      expect(show).toMatchObject({
        on_sale: true,
        sold_until_start: true,
        price: '100.00',
        currency: 'USD',
        seat_prices: ['100.00'],
        runs_ms: { 'Avatar: The Way of Water': 192, Inception: 148, 'Top Gun: Maverick': 130 }[show.title]! * MINUTE_MS,
      });
    });
  });

  it('has a user who can log in', async () => {
    await ensureDemo(database.dataSource);

    const users = new UsersService(database.dataSource.getRepository(User), new PasswordHasher());
    expect(await users.login(DEMO_USERNAME, DEMO_PASSWORD)).toMatchObject({ kind: 'user' });
  });

  it('has no user where that is not wanted, and gets it later', async () => {
    expect(await ensureDemo(database.dataSource, undefined, false)).toMatchObject({ user: null });
    expect(await counts()).toEqual({ ...COMPLETE, users: 0 });

    expect(await ensureDemo(database.dataSource, undefined, true)).toMatchObject({ shows: [], user: DEMO_USERNAME });
    expect(await counts()).toEqual(COMPLETE);
  });

  it.each([
    ['postgres://rowlock@127.0.0.1:54320/rowlock', true],
    ['postgres://localhost/rowlock', true],
    ['postgres://rowlock@[::1]:5432/rowlock', true],
    ['postgres://rowlock@/rowlock?host=/var/run/postgresql', true],
    ['postgres://rowlock@postgres:5432/rowlock', false],
    ['postgres://rowlock@10.0.0.5/rowlock', false],
    ['postgres://rowlock@localhost.example/rowlock', false],
    ['postgres://rowlock@127.0.0.1/rowlock?host=db.example', false],
  ])('has its user unasked on this machine alone: %s, %s', (url, isHere) => {
    expect(isOnThisMachine({ options: { type: 'postgres', url } })).toBe(isHere);
  });

  it('is made once, however often', async () => {
    await ensureDemo(database.dataSource);

    expect(await ensureDemo(database.dataSource)).toEqual({ movies: [], screens: [], shows: [], user: null });
    expect(await counts()).toEqual(COMPLETE);
  });

  it('is made once by five that start together', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => ensureDemo(database.dataSource)));

    expect(made.map(({ shows }) => shows.length).sort()).toEqual([0, 0, 0, 0, 4]);
    expect(await counts()).toEqual(COMPLETE);
  });

  /** An instant: the hour, and how many days from now. */
  const oClock = (days: number, hour: number, minute = 0) => {
    const now = new Date();
    return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour, minute);
  };
  const starts = (shows: { startsAt: Date }[]) =>
    shows.map(({ startsAt }) => startsAt.toLocaleString('sv').slice(11, 16));

  it('gets new shows once all have started, and keeps the old ones', async () => {
    const first = await ensureDemo(database.dataSource, oClock(-7, 12));

    const second = await ensureDemo(database.dataSource);

    expect(second).toMatchObject({ movies: [], screens: [], user: null });
    expect(second.shows.map((show) => show.id)).toEqual(first.shows.map((show) => show.id + 4));
    expect(second.shows.every((show) => show.startsAt.getTime() > Date.now())).toBe(true);
    expect(await counts()).toEqual({ ...COMPLETE, shows: 8, seats: 320 });
  });

  it('gets new shows once, also when five start together', async () => {
    await ensureDemo(database.dataSource, oClock(-7, 12));

    await Promise.all(Array.from({ length: 5 }, () => ensureDemo(database.dataSource)));

    expect(await counts()).toEqual({ ...COMPLETE, shows: 8, seats: 320 });
  });

  it.each([
    ['before the first one starts', 17, 59, []],
    ['when the first one starts', 18, 0, ['18:00']],
    ['in the evening', 20, 0, ['18:00', '18:30']],
    ['when the last one starts', 22, 0, ['18:00', '18:30', '20:30', '22:00']],
  ])('gets one of the evening after for each that has started: %s', async (_, hour, minute, expected) => {
    await ensureDemo(database.dataSource, oClock(-1, 0));

    const { shows } = await ensureDemo(database.dataSource, oClock(0, hour, minute));

    expect(starts(shows)).toEqual(expected);
    expect(shows.filter(({ startsAt }) => startsAt < oClock(1, 18) || startsAt > oClock(1, 22))).toEqual([]);
    expect(await ensureDemo(database.dataSource, oClock(0, hour, minute))).toMatchObject({ shows: [] });
  });

  it('always has four shows on sale, the next one tomorrow at the latest, and never two on a screen at once', async () => {
    for (let hours = 0; hours < 14 * 24; hours += 5) {
      const now = oClock(0, hours);
      await ensureDemo(database.dataSource, now);
      const onSale = await database.dataSource.query<{ starts_at: Date }[]>(
        'SELECT starts_at FROM show WHERE sales_open_at <= $1 AND sales_close_at > $1 ORDER BY starts_at',
        [now],
      );
      expect(onSale).toHaveLength(4);
      expect(onSale[0]!.starts_at.getTime() - now.getTime()).toBeLessThan(48 * HOUR_MS);
    }
    await expectNoOverlap();
  });

  it('makes room for what others show on its screens, however long', async () => {
    await ensureDemo(database.dataSource, oClock(-7, 12));
    await database.dataSource.query(
      `INSERT INTO show (movie_id, screen_id, starts_at, ends_at, sales_open_at, sales_close_at, price, currency)
       SELECT 1, screen.id, $1, $2, now() - interval '2 days', now() - interval '1 day', 1, 'USD' FROM screen`,
      [oClock(1, 18, 15), oClock(1, 21, 0)],
    );
    await database.dataSource.query(`UPDATE movie SET duration_minutes = 3000 WHERE title = 'Inception'`);

    const { shows } = await ensureDemo(database.dataSource);

    expect(shows).toHaveLength(4);
    await expectNoOverlap();
  });

  const expectNoOverlap = async () =>
    expect(
      await database.dataSource.query(
        `SELECT one.id, other.id FROM show AS one JOIN show AS other ON one.id < other.id AND one.screen_id = other.screen_id
          WHERE one.starts_at < other.ends_at AND other.starts_at < one.ends_at`,
      ),
    ).toEqual([]);

  it('leaves alone what is there', async () => {
    await ensureDemo(database.dataSource);
    await database.dataSource.query(
      `UPDATE seat SET status = 'BOOKED', version = 2, holder_id = 'user:anne', booking_id = gen_random_uuid() WHERE show_id = 1`,
    );
    await database.dataSource.query(`UPDATE movie SET duration_minutes = 90 WHERE title = 'Inception'`);
    await database.dataSource.query(`UPDATE "user" SET password_hash = 'changed', role = 'admin'`);
    const everything = () =>
      database.dataSource
        .query(`SELECT (SELECT json_agg(seat ORDER BY show_id, "row", number) FROM seat)::text AS seats,
        (SELECT json_agg(movie ORDER BY id) FROM movie)::text AS movies, (SELECT json_agg("user") FROM "user")::text AS users`);
    const before = await everything();

    await ensureDemo(database.dataSource);

    expect(await everything()).toEqual(before);
  });

  it('completes what somebody began', async () => {
    await database.dataSource.query(`INSERT INTO movie (title, duration_minutes) VALUES ('Inception', 90)`);

    const made = await ensureDemo(database.dataSource);

    expect(made.movies).toEqual(['Avatar: The Way of Water', 'Top Gun: Maverick']);
    expect(await counts()).toEqual(COMPLETE);
    expect((await readShows()).find((show) => show.title === 'Inception')!.runs_ms).toBe(90 * MINUTE_MS);
  });
});

describe('shows for load tests', () => {
  const add = (
    size: { shows: number; rows: number; seatsPerRow: number },
    onProgress?: (seats: number) => void,
    dataSource = database.dataSource,
  ) => onMaintenanceConnection(dataSource, (runner) => addLoadTestShows(runner, size, onProgress));

  it('are on sale, for a day and more, with all their seats', async () => {
    const { showIds, seats } = await add({ shows: 3, rows: 2, seatsPerRow: 4 });

    const shows = await readShows();
    expect(seats).toBe(24);
    expect(shows.map((show) => show.id)).toEqual(showIds);
    for (const show of shows) {
      expect(show).toMatchObject({
        screen: 'Load test 2 × 4',
        on_sale: true,
        sold_until_start: true,
        price: '100.00',
        currency: 'USD',
        seats: seatNames('AB', 4),
        seat_prices: ['100.00'],
      });
      expect(show.starts_in_ms).toBeGreaterThan(24 * HOUR_MS - MINUTE_MS);
    }
  });

  it('are added to those there are', async () => {
    const first = await add({ shows: 2, rows: 1, seatsPerRow: 1 });
    const second = await add({ shows: 2, rows: 1, seatsPerRow: 1 });

    expect(second.showIds).toEqual(first.showIds.map((id) => id + 2));
    expect(await counts()).toMatchObject({ movies: 1, screens: 1, shows: 4 });
  });

  it('are complete also when they take several transactions', async () => {
    const progress: number[] = [];

    const { showIds } = await add({ shows: 25, rows: 30, seatsPerRow: 60 }, (seats) => progress.push(seats));

    expect(new Set(showIds).size).toBe(25);
    expect(progress).toEqual([11, 22, 25].map((shows) => shows * 1_800));
    const sizes = await database.dataSource.query<{ size: number }[]>(
      `SELECT DISTINCT count(*)::int AS size FROM seat WHERE show_id = ANY($1) GROUP BY show_id`,
      [showIds],
    );
    expect(sizes).toEqual([{ size: 1_800 }]);
  });

  it('may be added by several at once', async () => {
    await Promise.all(Array.from({ length: 4 }, () => add({ shows: 2, rows: 1, seatsPerRow: 2 })));

    expect(await counts()).toMatchObject({ movies: 1, screens: 1, shows: 8, seats: 16 });
  });

  it('leave up-to-date statistics to the planner', async () => {
    await add({ shows: 2, rows: 10, seatsPerRow: 10 });

    expect(await database.dataSource.query(`SELECT reltuples FROM pg_class WHERE relname = 'seat'`)).toEqual([
      { reltuples: 200 },
    ]);
  });

  it('cost the same, each, however few there were before', async () => {
    await add({ shows: 1, rows: 1, seatsPerRow: 1 });

    await add({ shows: 200, rows: 1, seatsPerRow: 100 });

    // Statistics arrive when the connection that caused them has ended.
    const read = async () => {
      const [row] = await database.dataSource.query<{ made: number; read: number }[]>(
        `SELECT n_tup_ins::int AS made, seq_tup_read::int AS read FROM pg_stat_user_tables WHERE relname = 'show'`,
      );
      return row!;
    };
    await until(async () => (await read()).made === 201);
    expect((await read()).read).toBeLessThan(2_000);
  });

  it('may take longer than the limits for everyday statements', async () => {
    const config = parseDatabaseEnvironment({ DATABASE_URL: database.url, STATEMENT_TIMEOUT_MS: '100' });
    const hurried = await new DataSource(dataSourceOptions(config, schema)).initialize();
    try {
      expect((await add({ shows: 1, rows: 100, seatsPerRow: 400 }, undefined, hurried)).seats).toBe(40_000);
    } finally {
      await hurried.destroy();
    }
  });
});
