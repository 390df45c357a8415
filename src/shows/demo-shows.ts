import { EntityManager, In, MoreThan } from 'typeorm';
import type { Movie } from './movie.entity';
import { salesOpen } from './sales-window';
import type { Screen } from './screen.entity';
import {
  createShows,
  ensureMovie,
  ensureScreen,
  NewShow,
  readClock,
  rectangularLayout,
  seatsOf,
} from './show-creation';
import { Show } from './show.entity';

const AVATAR = { title: 'Avatar: The Way of Water', durationMinutes: 192 };
const INCEPTION = { title: 'Inception', durationMinutes: 148 };
const TOP_GUN = { title: 'Top Gun: Maverick', durationMinutes: 130 };
const SCREEN_1 = { name: 'Screen 1 (Main Hall)', layout: rectangularLayout(5, 10) };
const SCREEN_2 = { name: 'Screen 2', layout: rectangularLayout(3, 10) };

/** The programme of an evening, in the local time of this process. */
const EVENING = [
  { hour: 18, minute: 0, movie: TOP_GUN, screen: SCREEN_1 },
  { hour: 18, minute: 30, movie: AVATAR, screen: SCREEN_2 },
  { hour: 20, minute: 30, movie: INCEPTION, screen: SCREEN_1 },
  { hour: 22, minute: 0, movie: INCEPTION, screen: SCREEN_2 },
];
/** How many shows can be booked, at least, once the demo is made. */
const SHOWS_ON_SALE = EVENING.length;
const PRICE = '100.00';
const CURRENCY = 'USD';

const MINUTE_MS = 60_000;

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
 * Makes the missing parts of the demo: movies, screens, and shows of tomorrow or later in place of those whose sales are
 * over. Changes nothing that is there. Belongs into a transaction, and one at a time.
 *
 * @param now instead of the database's clock
 * @returns the parts that were made
 */
export async function ensureDemoShows(manager: EntityManager, now?: Date): Promise<DemoShows> {
  const made: DemoShows = { movies: [], screens: [], shows: [] };
  const movies = new Map<string, Movie>();
  for (const movie of [AVATAR, INCEPTION, TOP_GUN]) {
    const { thing, isNew } = await ensureMovie(manager, movie);
    movies.set(movie.title, thing);
    if (isNew) made.movies.push(movie.title);
  }
  const screens = new Map<string, Screen>();
  for (const screen of [SCREEN_1, SCREEN_2]) {
    const { thing, isNew } = await ensureScreen(manager, screen);
    screens.set(screen.name, thing);
    if (isNew) made.screens.push(screen.name);
  }

  const time = now ?? (await readClock(manager));
  const screenIds = [...screens.values()].map(({ id }) => id);
  const known = await manager.findBy(Show, { screenId: In(screenIds), endsAt: MoreThan(time) });
  const missing = SHOWS_ON_SALE - known.filter((show) => salesOpen(show, time.getTime())).length;
  const plan: (NewShow & { endsAt: Date; title: string; screen: Screen })[] = [];
  for (let day = 1; plan.length < missing; day++) {
    for (const { hour, minute, ...slot } of EVENING) {
      const movie = movies.get(slot.movie.title)!;
      const screen = screens.get(slot.screen.name)!;
      const startsAt = new Date(time.getFullYear(), time.getMonth(), time.getDate() + day, hour, minute);
      const endsAt = new Date(startsAt.getTime() + movie.durationMinutes * MINUTE_MS);
      const isTaken = [...known, ...plan].some(
        (other) => other.screenId === screen.id && other.startsAt < endsAt && startsAt < other.endsAt,
      );
      if (isTaken || plan.length === missing) continue;
      plan.push({
        movieId: movie.id,
        title: movie.title,
        screenId: screen.id,
        screen,
        startsAt,
        endsAt,
        price: PRICE,
        currency: CURRENCY,
      });
    }
  }
  const ids = await createShows(manager, plan, time);
  plan.forEach(({ title, screen, startsAt }, index) =>
    made.shows.push({ id: ids[index]!, title, screen: screen.name, startsAt, seats: seatsOf(screen.layout) }),
  );
  return made;
}
