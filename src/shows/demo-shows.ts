import type { EntityManager } from 'typeorm';
import {
  createShows,
  ensureMovie,
  ensureScreen,
  readClock,
  rectangularLayout,
  roundUp,
  seatsOf,
} from './show-creation';

const AVATAR = { title: 'Avatar: The Way of Water', durationMinutes: 192 };
const INCEPTION = { title: 'Inception', durationMinutes: 148 };
const TOP_GUN = { title: 'Top Gun: Maverick', durationMinutes: 130 };
const SCREEN_1 = { name: 'Screen 1 (Main Hall)', layout: rectangularLayout(5, 10) };
const SCREEN_2 = { name: 'Screen 2', layout: rectangularLayout(3, 10) };

/** 160 seats in all. With these starts two shows on a screen overlap whichever comes where; so they do it least. */
const SHOWS = [
  { startsInHours: 1, movie: TOP_GUN, screen: SCREEN_1 },
  { startsInHours: 2, movie: AVATAR, screen: SCREEN_2 },
  { startsInHours: 3, movie: INCEPTION, screen: SCREEN_1 },
  { startsInHours: 6, movie: AVATAR, screen: SCREEN_2 },
];
const PRICE = '100.00';
const CURRENCY = 'USD';

const HOUR_MS = 60 * 60 * 1_000;
/** Shows start at five to, not at 18:53:07. */
const START_INTERVAL_MS = 5 * 60 * 1_000;

export interface MadeShow {
  readonly id: number;
  readonly title: string;
  readonly screen: string;
  readonly startsAt: Date;
  readonly seats: number;
}

export interface DemoShows {
  /** Titles of movies that were made. */
  readonly movies: string[];
  /** Names of screens that were made. */
  readonly screens: string[];
  readonly shows: MadeShow[];
}

/**
 * Makes what the demo lacks: movies, screens, and shows unless one on its screens has still to start. Leaves everything
 * that is there as it is. Belongs into a transaction, and one at a time.
 *
 * @param now instead of the database's clock
 * @returns what was made
 */
export async function ensureDemoShows(manager: EntityManager, now?: Date): Promise<DemoShows> {
  const made: DemoShows = { movies: [], screens: [], shows: [] };
  const movieIds = new Map<string, number>();
  for (const movie of [AVATAR, INCEPTION, TOP_GUN]) {
    const { thing, isNew } = await ensureMovie(manager, movie);
    movieIds.set(movie.title, thing.id);
    if (isNew) made.movies.push(movie.title);
  }
  const screens = new Map<string, { id: number; seats: number }>();
  for (const screen of [SCREEN_1, SCREEN_2]) {
    const { thing, isNew } = await ensureScreen(manager, screen);
    screens.set(screen.name, { id: thing.id, seats: seatsOf(thing.layout) });
    if (isNew) made.screens.push(screen.name);
  }

  const time = now ?? (await readClock(manager));
  const [upcoming] = await manager.query<unknown[]>(
    'SELECT FROM show WHERE screen_id = ANY($1::int[]) AND starts_at > $2 LIMIT 1',
    [[...screens.values()].map((screen) => screen.id), time.toISOString()],
  );
  if (upcoming) return made;

  const plan = SHOWS.map(({ startsInHours, movie, screen }) => ({
    title: movie.title,
    screen: screen.name,
    startsAt: roundUp(new Date(time.getTime() + startsInHours * HOUR_MS), START_INTERVAL_MS),
  }));
  const ids = await createShows(
    manager,
    plan.map(({ title, screen, startsAt }) => ({
      movieId: movieIds.get(title)!,
      screenId: screens.get(screen)!.id,
      startsAt,
      price: PRICE,
      currency: CURRENCY,
    })),
    time,
  );
  plan.forEach((show, index) => made.shows.push({ id: ids[index]!, ...show, seats: screens.get(show.screen)!.seats }));
  return made;
}
