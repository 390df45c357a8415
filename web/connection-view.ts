import type { Connection } from '../client/live-seats.ts';
import { announce } from './announcer.ts';
import { el, find, replace, setText } from './dom.ts';

const TICK_MS = 200;

/** Shows whether the map is live. While it is not, a notice says so and counts down to the next attempt. */
export class ConnectionView {
  private readonly pill = find('#connection');
  private readonly text = find('#connection-text');
  private readonly notice = find('#notice');
  private readonly countdown = el('span');
  private readonly retry = el('button', { type: 'button', class: 'button link' }, 'Try now');
  private timer: number | undefined;
  private wasLost = false;

  constructor(onRetry: () => void) {
    this.retry.addEventListener('click', onRetry);
    window.addEventListener('online', onRetry);
  }

  show(connection: Connection): void {
    clearInterval(this.timer);
    this.pill.dataset.state = connection.state;
    switch (connection.state) {
      case 'connecting':
        setText(this.text, 'Connecting');
        this.notice.hidden = true;
        break;
      case 'live':
        setText(this.text, 'Live');
        this.notice.hidden = true;
        if (this.wasLost) announce('Connected again. The map is up to date.');
        this.wasLost = false;
        break;
      case 'waiting':
        setText(this.text, navigator.onLine ? 'Reconnecting' : 'Offline');
        this.waitFor(performance.now() + connection.retryInMs);
        if (!this.wasLost) announce('The connection was lost. Trying again.');
        this.wasLost = true;
        break;
      case 'stopped':
        setText(this.text, connection.reason === 'stopped' ? 'Paused' : 'Ended');
        this.notice.hidden = connection.reason === 'stopped';
        replace(this.notice, 'There is no such show any more. Pick another one.');
    }
  }

  private waitFor(untilMs: number): void {
    replace(
      this.notice,
      el('span', {}, 'The server can’t be reached. The map shows what was last known.'),
      ' ',
      this.countdown,
      ' ',
      this.retry,
    );
    this.notice.hidden = false;
    const tick = () => {
      const seconds = Math.ceil((untilMs - performance.now()) / 1_000);
      setText(this.countdown, seconds > 0 ? `Next try in ${seconds} s.` : 'Trying …');
    };
    tick();
    this.timer = window.setInterval(tick, TICK_MS);
  }
}
