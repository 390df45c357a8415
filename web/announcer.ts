import { find } from './dom.ts';

/** Tells people who listen to the page what those who look at it see. */
export function announce(text: string): void {
  const region = find('#announcer');
  // The same words twice are two events.
  region.textContent = region.textContent === text ? `${text} ` : text;
}
