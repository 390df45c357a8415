import { find, oncePerFrame, setText } from './dom.ts';
import { times } from './money.ts';
import type { Person } from './person.ts';
import type { ShowSession } from './show-session.ts';
import { plural, seatList } from './words.ts';

/** On small screens: the next step of the acting person, within reach of a thumb while the map is in view. */
export class QuickBar {
  readonly update = oncePerFrame(() => this.paint());
  private readonly bar = find('#quick-bar');
  private readonly text = find('#quick-text');
  private readonly button = find<HTMLButtonElement>('#quick-step');
  private session: ShowSession | undefined;
  private step: (() => Promise<void>) | undefined;

  constructor(private readonly acting: () => Person) {
    this.button.addEventListener('click', () => void this.step?.());
  }

  show(session: ShowSession): void {
    this.session = session;
    this.update();
  }

  private paint(): void {
    const { session } = this;
    if (!session) return;
    const person = this.acting();
    const wanted = session.wantedBy(person);
    const seats = wanted.length > 0 ? wanted : session.targetedBy(person);
    this.bar.hidden = seats.length === 0;
    this.bar.dataset.person = person.id;
    this.button.disabled = person.isBusy;
    if (seats.length === 0) return;
    const isHold = wanted.length > 0;
    setText(this.text, `${isHold ? 'Chosen' : 'Held'}: ${seatList(seats)}`);
    setText(
      this.button,
      `${isHold ? 'Hold' : 'Book'} ${plural(seats.length, 'seat')} · ${times(session.show.price, seats.length)} ${session.show.currency}`,
    );
    this.step = () => (isHold ? session.hold(person) : session.book(person));
  }
}
