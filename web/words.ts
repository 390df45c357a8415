import type { SeatRef } from './api.ts';

/** PURE. Texts of the page, apart from fixed labels. */

export const seatName = ({ row, number }: SeatRef): string => `${row} ${number}`;

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** `A 1–4, B 7`: three neighbours and more as a range. */
export function seatList(seats: readonly SeatRef[]): string {
  const sorted = [...seats].sort((a, b) => (a.row === b.row ? a.number - b.number : a.row < b.row ? -1 : 1));
  const parts: string[] = [];
  for (let start = 0; start < sorted.length;) {
    let end = start;
    const follows = () =>
      sorted[end + 1]?.row === sorted[end]!.row && sorted[end + 1]!.number === sorted[end]!.number + 1;
    while (follows()) end++;
    const [first, last] = [sorted[start]!, sorted[end]!];
    if (end - start < 2) for (const seat of sorted.slice(start, end + 1)) parts.push(seatName(seat));
    else parts.push(`${seatName(first)}–${last.number}`);
    start = end + 1;
  }
  return parts.join(', ');
}

/** `9:58`. A second that has begun counts as whole, so 0:00 is the end. */
export function countdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** `in 42 min`, `in 3 h`. */
export function fromNow(ms: number): string {
  if (ms <= 0) return 'started';
  const minutes = Math.round(ms / 60_000);
  if (minutes < 60) return `in ${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `in ${hours} h` : `in ${Math.round(hours / 24)} days`;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const DAY_TIME = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const SECONDS = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

export const timeOfDay = (iso: string): string => TIME.format(new Date(iso));
export const dayAndTime = (iso: string): string => DAY_TIME.format(new Date(iso));
export const withSeconds = (iso: string): string => SECONDS.format(new Date(iso));
