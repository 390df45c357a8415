import { markdownTable } from './platform/config/settings-documentation';
import type { SeatRefusal } from './problem-catalogue';
import { SEAT_STATUSES, STANDINGS } from './seats/seat-transitions';
import type { SeatStatus, Standing } from './seats/seat-transitions';

/** What the table needs to know of a command. */
export interface DocumentedCommand {
  readonly name: string;
  /** The status that its step ends in. */
  readonly to: SeatStatus;
  readonly effects: Readonly<Record<Standing, 'step' | 'keep' | 'repeat' | SeatRefusal>>;
}

/** Pure: the table of what each command does to a seat in each standing, as Markdown. */
export function renderSeatCommandTable(commands: readonly DocumentedCommand[]): string {
  const rows = commands.map(({ name, to, effects }) => [
    name,
    ...STANDINGS.map((standing) => {
      const effect = effects[standing];
      if (effect === 'step') return `→ ${to}`;
      return effect === 'keep' || effect === 'repeat' ? effect : `\`${effect}\``;
    }),
  ]);
  return markdownTable(['', ...STANDINGS.map(inWords)], rows);
}

/** A status is written as it is stored; `HELD_BY_ME` is "held by me". */
function inWords(standing: Standing): string {
  const isStatus = (SEAT_STATUSES as readonly string[]).includes(standing);
  return isStatus ? standing : standing.toLowerCase().replaceAll('_', ' ');
}
