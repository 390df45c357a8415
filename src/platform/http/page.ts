import type { Cursors, Place } from './cursor';
import { PageQueryDto, PER_PAGE } from './page.dto';

export interface Page<Entry> {
  readonly page: Entry[];
  /** The cursor of the page behind this one; null on the last page. */
  readonly next: string | null;
}

/** A list that is read page by page. */
export interface PagedList<Entry, P extends Place> {
  readonly cursors: Cursors<P>;
  /** Reads so many entries, from the first one behind `after`. */
  read(count: number, after: P | undefined): Promise<Entry[]>;
  placeOf(entry: Entry): P;
}

/**
 * Reads one page, and one entry beyond it: that there is one means that there is a next page.
 *
 * @throws Problem VALIDATION_FAILED for a cursor that is not of this list
 */
export async function readPage<Entry, P extends Place>(
  { after, limit = PER_PAGE }: PageQueryDto,
  { cursors, read, placeOf }: PagedList<Entry, P>,
): Promise<Page<Entry>> {
  const found = await read(limit + 1, after === undefined ? undefined : cursors.read(after));
  const page = found.slice(0, limit);
  return { page, next: found.length > page.length ? cursors.write(placeOf(page.at(-1)!)) : null };
}
