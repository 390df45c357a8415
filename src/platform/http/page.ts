import { Cursor, decodeCursor, encodeCursor } from './cursor';
import { PageQueryDto, PER_PAGE } from './page.dto';

export interface Page<Entry> {
  readonly page: Entry[];
  /** The cursor of the page behind this one; null on the last page. */
  readonly next: string | null;
}

/** A list that is read page by page, in the order of an instant and an id. */
export interface PagedList<Entry> {
  /** The ids of this list, so that a cursor of another list is refused and not cast by the database. */
  readonly idPattern: RegExp;
  /** Reads so many entries, from the first one behind `after`. */
  read(count: number, after: Cursor | undefined): Promise<Entry[]>;
  cursorOf(entry: Entry): Cursor;
}

/**
 * Reads one page, and one entry beyond it: that there is one means that there is a next page.
 *
 * @throws Problem VALIDATION_FAILED for a cursor that is not of this list
 */
export async function readPage<Entry>(
  { after, limit = PER_PAGE }: PageQueryDto,
  list: PagedList<Entry>,
): Promise<Page<Entry>> {
  const found = await list.read(limit + 1, after === undefined ? undefined : decodeCursor(after, list.idPattern));
  const page = found.slice(0, limit);
  return { page, next: found.length > page.length ? encodeCursor(list.cursorOf(page.at(-1)!)) : null };
}
