import type { EntityManager, EntityTarget, FindOptionsWhere } from 'typeorm';
import { Movie } from './movie.entity';
import { LayoutRow, Screen } from './screen.entity';

/** A show to be made. It is sold from the moment it is made until it starts, and ends when its movie does. */
export interface NewShow {
  readonly movieId: number;
  readonly screenId: number;
  readonly startsAt: Date;
  /** Decimal string. */
  readonly price: string;
  /** ISO 4217. */
  readonly currency: string;
}

/**
 * Makes shows, each with all the seats of its screen's layout, and returns their ids in the given order. Belongs into a
 * transaction: a show is complete or not there.
 *
 * @param now the database's clock
 */
export async function createShows(manager: EntityManager, shows: readonly NewShow[], now: Date): Promise<number[]> {
  const made = await manager.query<{ id: number }[]>(
    `INSERT INTO show (movie_id, screen_id, starts_at, ends_at, sales_open_at, sales_close_at, price, currency)
     SELECT new.movie_id, new.screen_id, new.starts_at, new.starts_at + movie.duration_minutes * interval '1 minute',
            $6, new.starts_at, new.price, new.currency
       FROM unnest($1::int[], $2::int[], $3::timestamptz[], $4::numeric[], $5::text[])
            WITH ORDINALITY AS new(movie_id, screen_id, starts_at, price, currency, position)
       JOIN movie ON movie.id = new.movie_id
      ORDER BY new.position
     RETURNING id`,
    [
      shows.map((show) => show.movieId),
      shows.map((show) => show.screenId),
      shows.map((show) => show.startsAt.toISOString()),
      shows.map((show) => show.price),
      shows.map((show) => show.currency),
      now.toISOString(),
    ],
  );
  const ids = made.map((show) => show.id);
  // In the order of the key, in which the index grows at its end only.
  await manager.query(
    `INSERT INTO seat (show_id, "row", number, price)
     SELECT show.id, layout."row", number, show.price
       FROM show
       JOIN screen ON screen.id = show.screen_id
      CROSS JOIN jsonb_to_recordset(screen.layout) AS layout("row" text, seats integer)
      CROSS JOIN generate_series(1, layout.seats) AS number
      WHERE show.id = ANY($1::int[])
      ORDER BY show.id, layout."row" COLLATE "C", number`,
    [ids],
  );
  return ids;
}

/** A row that was found, or made as it was missing. */
export interface Ensured<Thing> {
  readonly thing: Thing;
  readonly isNew: boolean;
}

/** The movie of this title as it is, or a new one. */
export function ensureMovie(manager: EntityManager, movie: Omit<Movie, 'id'>): Promise<Ensured<Movie>> {
  return ensure<Movie>(manager, Movie, movie, { title: movie.title });
}

/** The screen of this name as it is, or a new one. */
export function ensureScreen(manager: EntityManager, screen: Omit<Screen, 'id'>): Promise<Ensured<Screen>> {
  return ensure<Screen>(manager, Screen, screen, { name: screen.name });
}

async function ensure<Thing extends Movie | Screen>(
  manager: EntityManager,
  entity: EntityTarget<Thing>,
  values: Omit<Thing, 'id'>,
  key: FindOptionsWhere<Thing>,
): Promise<Ensured<Thing>> {
  const known = await manager.findOneBy(entity, key);
  if (known) return { thing: known, isNew: false };
  // Another process may be faster; then its row is used.
  const { raw } = await manager
    .createQueryBuilder()
    .insert()
    .into(entity)
    .values({ ...values } as never) // TypeORM writes the new id into its argument
    .orIgnore()
    .returning('id')
    .execute();
  return { thing: await manager.findOneByOrFail(entity, key), isNew: (raw as unknown[]).length > 0 };
}

/** Rows A, B, … Z, AA, AB, … of seats 1 to `seatsPerRow`. */
export function rectangularLayout(rows: number, seatsPerRow: number): LayoutRow[] {
  return Array.from({ length: rows }, (_, index) => ({ row: rowLabel(index), seats: seatsPerRow }));
}

/** The label of a row, counted from 0 at the front: A, …, Z, AA, …, AZ, BA, …, ZZ, AAA, … */
export function rowLabel(index: number): string {
  const rest = Math.floor(index / 26);
  return (rest > 0 ? rowLabel(rest - 1) : '') + String.fromCharCode(65 + (index % 26));
}

export function seatsOf(layout: readonly LayoutRow[]): number {
  return layout.reduce((sum, row) => sum + row.seats, 0);
}

/** The database's clock, cut to the milliseconds that are stored: rounded up, it would be later than now. */
export async function readClock(manager: EntityManager): Promise<Date> {
  const [clock] = await manager.query<{ now: Date }[]>(`SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  return clock!.now;
}

/** The next full multiple of an interval. */
export function roundUp(date: Date, intervalMs: number): Date {
  return new Date(Math.ceil(date.getTime() / intervalMs) * intervalMs);
}
