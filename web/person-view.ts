import { seatKey } from '../client/seat-merge.ts';
import { announce } from './announcer.ts';
import { el, oncePerFrame, replace, setText } from './dom.ts';
import { times } from './money.ts';
import { Message, Person } from './person.ts';
import type { ShowSession } from './show-session.ts';
import { countdown, plural, seatList } from './words.ts';

/** A countdown below this is urgent. */
const URGENT_MS = 60_000;
const TICK_MS = 250;

export interface PersonActions {
  /** From now on, clicks on seats choose for this person. */
  act(person: Person): void;
  /** Has both persons ask for the same seats in the same instant. */
  race(person: Person): void;
}

/**
 * The card of one person: seats chosen, held and booked, and the buttons for them. Built once; updates change what
 * differs.
 */
export class PersonView {
  readonly element: HTMLElement;
  readonly update = oncePerFrame(() => this.paint());
  private readonly actButton: HTMLButtonElement;
  private readonly choice = el('p', { class: 'line' });
  private readonly holds = el('p', { class: 'line line-holds', hidden: true });
  private readonly holdSeats = el('span', { class: 'line-seats' });
  private readonly clock = el('span', { class: 'clock', role: 'timer', 'aria-live': 'off' });
  private readonly clockBar = el('span', { class: 'clock-bar', 'aria-hidden': 'true' }, el('span'));
  private readonly bookings = el('ul', { class: 'bookings' });
  private readonly message = el('p', { class: 'message', hidden: true });
  private readonly holdButton = button('Hold', 'primary');
  private readonly raceButton = button('', 'quiet');
  private readonly bookButton = button('Book', 'primary');
  private readonly releaseButton = button('Release', 'plain');
  private session: ShowSession | undefined;
  private announced: Message | undefined;
  private shownBookings = '';

  constructor(
    private readonly person: Person,
    private readonly other: Person,
    private readonly isActing: () => boolean,
    private readonly actions: PersonActions,
  ) {
    this.actButton = el(
      'button',
      { type: 'button', class: 'act', id: `act-${person.id}` },
      el('span', { class: 'seat swatch', 'data-look': `held-${person.id}`, 'aria-hidden': 'true' }),
      el('span', { class: 'act-name' }, person.name),
      el('span', { class: 'act-hint' }),
    );
    this.holds.append(this.holdSeats, this.clock);
    this.element = el(
      'section',
      { class: 'card person', 'data-person': person.id, 'aria-label': person.name },
      el('h3', { class: 'act-heading' }, this.actButton),
      el('div', { class: 'choice' }, this.choice, el('div', { class: 'buttons' }, this.raceButton, this.holdButton)),
      this.holds,
      this.clockBar,
      el('div', { class: 'buttons' }, this.bookButton, this.releaseButton),
      this.message,
      this.bookings,
    );
    this.actButton.addEventListener('click', () => actions.act(person));
    this.holdButton.addEventListener('click', () => void this.session?.hold(person));
    this.raceButton.addEventListener('click', () => this.actions.race(person));
    this.bookButton.addEventListener('click', () => void this.session?.book(person));
    this.releaseButton.addEventListener('click', () => void this.session?.release(person));
    setInterval(() => this.person.holds.size > 0 && this.paintClock(), TICK_MS);
  }

  show(session: ShowSession): void {
    this.session = session;
    this.update();
  }

  private paint(): void {
    const { session, person } = this;
    if (!session) return;
    const isActing = this.isActing();
    this.element.classList.toggle('is-acting', isActing);
    this.actButton.setAttribute('aria-pressed', String(isActing));
    setText(
      this.actButton.querySelector('.act-hint')!,
      isActing
        ? `clicks on seats are ${person.id === 'you' ? 'yours' : `${person.name}’s`}`
        : `switch to ${person.name}`,
    );

    const { price, currency } = session.show;
    const wanted = session.wantedBy(person);
    setText(
      this.choice,
      wanted.length > 0 ? `Chosen: ${seatList(wanted)}` : isActing ? 'Choose seats on the map.' : 'Nothing chosen.',
    );
    this.choice.classList.toggle('is-empty', wanted.length === 0);
    label(
      this.holdButton,
      wanted.length > 0 ? `Hold ${plural(wanted.length, 'seat')}` : 'Hold',
      wanted.length > 0 && `${times(price, wanted.length)} ${currency}`,
    );
    this.holdButton.disabled = wanted.length === 0 || person.isBusy;
    label(this.raceButton, `Race ${this.other.name}`);
    this.raceButton.hidden = wanted.length === 0;
    this.raceButton.disabled = person.isBusy || this.other.isBusy;

    const holds = session.holdsOf(person);
    const targets = session.targetedBy(person);
    this.holds.hidden = holds.length === 0;
    this.clockBar.hidden = holds.length === 0;
    this.bookButton.hidden = this.releaseButton.hidden = holds.length === 0;
    setText(this.holdSeats, `Held: ${seatList(holds)}`);
    const some =
      targets.length < holds.length ? ` ${targets.length} of ${holds.length}` : ` ${plural(targets.length, 'seat')}`;
    label(this.bookButton, `Book${some}`, targets.length > 0 && `${times(price, targets.length)} ${currency}`);
    label(this.releaseButton, targets.length < holds.length ? `Release ${targets.length}` : 'Release');
    this.bookButton.disabled = this.releaseButton.disabled = person.isBusy;
    this.paintClock();
    this.paintMessage();
    this.paintBookings();
  }

  private paintClock(): void {
    const { session, person } = this;
    const first = session
      ?.holdsOf(person)
      .map((seat) => person.holds.get(seatKey(seat))!)
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs)[0];
    if (!session || !first) return;
    const leftMs = first.expiresAtMs - session.nowMs;
    setText(this.clock, countdown(leftMs));
    this.clock.setAttribute('aria-label', `${countdown(leftMs)} left`);
    this.element.classList.toggle('is-urgent', leftMs <= Math.min(URGENT_MS, first.spanMs / 3));
    (this.clockBar.firstElementChild as HTMLElement).style.transform =
      `scaleX(${Math.max(0, Math.min(1, leftMs / first.spanMs))})`;
  }

  private paintMessage(): void {
    const { message } = this.person;
    this.message.hidden = !message;
    if (!message || message === this.announced) return;
    this.announced = message;
    this.message.dataset.kind = message.kind;
    replace(this.message, message.text);
    const { remaining } = message;
    if (remaining) {
      const others = button(
        remaining.length === 1 ? 'Choose the other one' : `Choose the other ${remaining.length}`,
        'link',
      );
      others.addEventListener('click', () => {
        this.person.message = undefined;
        this.session?.choose(this.person, remaining);
      });
      this.message.append(' ', others);
    }
    announce(`${this.person.name}: ${message.text}`);
  }

  private paintBookings(): void {
    const { bookings } = this.person;
    const ids = bookings.map(({ id }) => id).join();
    if (ids === this.shownBookings) return;
    this.shownBookings = ids;
    replace(
      this.bookings,
      ...bookings.map(({ reference, seats, total_paid: paid, currency }) =>
        el(
          'li',
          {},
          el('span', { class: 'reference' }, reference),
          el('span', { class: 'booking-seats' }, seatList(seats)),
          el('span', { class: 'paid' }, `${paid} ${currency}`),
        ),
      ),
    );
  }
}

function button(text: string, kind: string): HTMLButtonElement {
  return el('button', { type: 'button', class: `button ${kind}` }, el('span', {}, text));
}

function label(target: HTMLButtonElement, text: string, detail?: string | false): void {
  const [main, extra] = target.children;
  setText(main!, text);
  if (extra) {
    if (detail) setText(extra, detail);
    else extra.remove();
  } else if (detail) {
    target.append(el('span', { class: 'button-detail' }, detail));
  }
}
