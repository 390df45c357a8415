import type { DataSource } from 'typeorm';
import { createShows, ensureMovie, ensureScreen, rectangularLayout } from '../../../src/shows/show-creation';

/** A show with a presentable name. Returns its id. */
export function createNamedShow(
  dataSource: DataSource,
  { title = 'Inception', screen = 'Screen 1 (Main Hall)', rows = 5, seatsPerRow = 10, startsInMinutes = 60 } = {},
): Promise<number> {
  return dataSource.transaction(async (manager) => {
    const movie = await ensureMovie(manager, { title, durationMinutes: 148 });
    const hall = await ensureScreen(manager, { name: screen, layout: rectangularLayout(rows, seatsPerRow) });
    const startsAt = new Date(Date.now() + startsInMinutes * 60_000);
    const show = { movieId: movie.thing.id, screenId: hall.thing.id, startsAt, price: '100.00', currency: 'USD' };
    const [id] = await createShows(manager, [show], new Date());
    return id!;
  });
}
