import { api, call, Show } from './api.ts';
import { el, find, replace, setText } from './dom.ts';
import { dayAndTime, fromNow } from './words.ts';

const PAGE = 50;
/** The API gives no more in one answer. */
const MOST_SHOWN = 200;
const REFRESH_MS = 15_000;
const RETRY_MS = 2_000;

/** The list of shows. Loads it again from time to time, and more often while the server can't be reached. */
export class ShowsView {
  private readonly list = find('#shows');
  private readonly cards = new Map<number, HTMLButtonElement>();
  private shows: Show[] = [];
  private wanted = PAGE;
  private hasMore = false;
  private current: number | undefined;
  private timer: number | undefined;

  /** @param onFirst called when the first shows arrive */
  constructor(
    private readonly onPick: (show: Show) => void,
    private readonly onFirst: (shows: readonly Show[]) => void,
  ) {
    document.addEventListener('visibilitychange', () => !document.hidden && this.refresh());
  }

  start(): void {
    replace(
      this.list,
      ...Array.from({ length: 4 }, () => el('li', { class: 'show is-skeleton', 'aria-hidden': 'true' })),
    );
    this.refresh();
  }

  markCurrent(id: number): void {
    this.current = id;
    for (const [showId, card] of this.cards) card.setAttribute('aria-current', String(showId === id));
    this.cards.get(id)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  refresh(): void {
    clearTimeout(this.timer);
    void this.load().then((isReached) => {
      this.timer = window.setTimeout(
        () => (document.hidden ? undefined : this.refresh()),
        isReached ? REFRESH_MS : RETRY_MS,
      );
    });
  }

  private async load(): Promise<boolean> {
    const answer = await call(() => api.GET('/api/shows/', { params: { query: { limit: this.wanted } } }));
    if (!answer.isOk) {
      if (this.shows.length === 0) {
        replace(
          this.list,
          el('li', { class: 'note' }, el('strong', {}, 'The server can’t be reached.'), ' Trying again by itself.'),
        );
      }
      return false;
    }
    const isFirst = this.shows.length === 0;
    this.shows = answer.data.shows;
    this.hasMore = answer.data.next !== null && this.wanted < MOST_SHOWN;
    this.paint();
    if (isFirst && this.shows.length > 0) this.onFirst(this.shows);
    return true;
  }

  private paint(): void {
    if (this.shows.length === 0) {
      this.cards.clear();
      replace(
        this.list,
        el(
          'li',
          { class: 'note' },
          el('strong', {}, 'No show is on.'),
          ' The command ',
          el('code', {}, 'npm run seed'),
          ' makes some.',
        ),
      );
      return;
    }
    const ids = this.shows.map(({ id }) => id);
    if (ids.join() !== [...this.cards.keys()].join()) this.rebuild();
    for (const show of this.shows) this.paintCard(show);
  }

  private rebuild(): void {
    this.cards.clear();
    const items = this.shows.map((show) => {
      const card = el(
        'button',
        { type: 'button', class: 'show', 'aria-current': String(show.id === this.current) },
        el('span', { class: 'show-title' }),
        el('span', { class: 'show-when' }),
        el('span', { class: 'show-where' }),
        el('span', { class: 'show-left' }),
        el('span', { class: 'show-bar', 'aria-hidden': 'true' }, el('span')),
      );
      card.addEventListener('click', () => this.onPick(this.shows.find(({ id }) => id === show.id) ?? show));
      this.cards.set(show.id, card);
      return el('li', {}, card);
    });
    const more = this.hasMore && el('button', { type: 'button', class: 'button plain' }, 'More shows');
    if (more) {
      more.addEventListener('click', () => {
        this.wanted = Math.min(MOST_SHOWN, this.wanted + PAGE);
        this.refresh();
      });
    }
    replace(this.list, ...items, more && el('li', {}, more));
  }

  private paintCard({ id, title, screen, starts_at: startsAt, sales, stats }: Show): void {
    const card = this.cards.get(id)!;
    const [titleText, when, where, left, bar] = [...card.children] as HTMLElement[];
    setText(titleText!, title);
    setText(when!, `${dayAndTime(startsAt)} · ${fromNow(Date.parse(startsAt) - Date.now())}`);
    setText(where!, screen);
    setText(
      left!,
      sales === 'CLOSED'
        ? 'Sales are closed'
        : stats.available === 0
          ? 'Sold out'
          : `${stats.available.toLocaleString()} free`,
    );
    (bar!.firstElementChild as HTMLElement).style.transform =
      `scaleX(${stats.total === 0 ? 0 : stats.available / stats.total})`;
  }
}
