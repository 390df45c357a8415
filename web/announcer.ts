import { find } from './dom.ts';

/** Has a screen reader say a change that others see on the page. */
export function announce(text: string): void {
  const region = find('#announcer');
  // A screen reader skips a text that has not changed, though the event is a new one.
  region.textContent = region.textContent === text ? `${text} ` : text;
}
