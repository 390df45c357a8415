import { ActivityView } from './activity-view.ts';
import { announce } from './announcer.ts';
import { api, call, Show } from './api.ts';
import { ConnectionView } from './connection-view.ts';
import { CountsView } from './counts-view.ts';
import { find, setText } from './dom.ts';
import { HouseView } from './house-view.ts';
import { Person } from './person.ts';
import { PersonView } from './person-view.ts';
import { QuickBar } from './quick-bar.ts';
import { RushView } from './rush-view.ts';
import { ShowSession } from './show-session.ts';
import { ShowsView } from './shows-view.ts';
import { dayAndTime, seatName } from './words.ts';

/** A tab that is hidden for so long closes its stream. A browser has six connections to a server for all its tabs. */
const PAUSE_AFTER_MS = 60_000;

const you = new Person('you', 'You');
const alex = new Person('alex', 'Alex');
const persons = [you, alex];
let acting = you;
let session: ShowSession | undefined;

const connectionView = new ConnectionView(() => session?.retryNow());
const countsView = new CountsView();
const activityView = new ActivityView(persons);
const rushView = new RushView(() => acting);
const quickBar = new QuickBar(() => acting);
const houseView = new HouseView(persons, pick);
const personViews = [
  new PersonView(you, alex, () => acting === you, { act, race }),
  new PersonView(alex, you, () => acting === alex, { act, race }),
];
const showsView = new ShowsView(open, (shows) => void openFirst(shows));

find('#persons').append(...personViews.map(({ element }) => element));
showsView.start();
pauseWhenHidden();

/** The show that the address names, or else the first one. */
async function openFirst(shows: readonly Show[]): Promise<void> {
  if (session) return;
  const id = Number(new URLSearchParams(location.search).get('show'));
  const listed = shows.find((show) => show.id === id);
  if (listed || !id) return open(listed ?? shows.find(({ sales }) => sales === 'OPEN') ?? shows[0]!);
  const answer = await call(() => api.GET('/api/shows/{id}/', { params: { path: { id } } }));
  open(answer.isOk ? answer.data : shows[0]!);
}

function open(show: Show): void {
  if (session?.show.id === show.id) return;
  session?.stop();
  for (const person of persons) person.clear();
  const opened: ShowSession = new ShowSession(show, persons, {
    // A session that was left may still call back.
    seats: (keys) => {
      if (session !== opened) return;
      houseView.update(keys);
      countsView.update();
      activityView.update();
      rushView.update();
    },
    persons: () => {
      if (session !== opened) return;
      for (const view of [...personViews, quickBar, rushView]) view.update();
    },
    connection: (connection) => session === opened && connectionView.show(connection),
    refused: (keys) => session === opened && houseView.pointAt(keys),
  });
  session = opened;
  setText(find('#show-title'), show.title);
  setText(
    find('#show-about'),
    `${show.screen} · ${dayAndTime(show.starts_at)} · ${show.price} ${show.currency} a seat`,
  );
  find('#house').dataset.sales = show.sales;
  const address = new URL(location.href);
  address.searchParams.set('show', String(show.id));
  history.replaceState(null, '', address);
  showsView.markCurrent(show.id);
  for (const view of [houseView, countsView, activityView, rushView, quickBar, ...personViews]) view.show(opened);
  opened.start();
}

function pick(key: string): void {
  const seat = session?.seat(key);
  if (!session || !seat) return;
  if (seat.status === 'BOOKED') return announce(`${seatName(seat)} is booked.`);
  session.toggle(acting, key);
  const verb = acting.chosen.has(key) ? 'chosen' : 'not chosen any more';
  announce(`${seatName(seat)} ${verb} by ${acting.inSentence}.`);
}

function act(person: Person): void {
  acting = person;
  document.body.dataset.acting = person.id;
  for (const view of [...personViews, quickBar, rushView]) view.update();
}

/** Both persons ask for the same seats at once. The order of the two requests is random. */
function race(person: Person): void {
  if (!session) return;
  const seats = session.wantedBy(person);
  const racers = Math.random() < 0.5 ? persons : [...persons].reverse();
  for (const racer of racers) void session.hold(racer, seats);
}

function pauseWhenHidden(): void {
  let timer: number | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (document.hidden) timer = window.setTimeout(() => session?.stop(), PAUSE_AFTER_MS);
    else session?.start();
  });
}
