import { markdownTable } from './platform/config/settings-documentation';
import type { SeatCommandRule } from './seats/commands/command';
import { SEAT_STATUSES, STANDINGS } from './seats/seat-transitions';
import type { Standing } from './seats/seat-transitions';

/** Pure: the table of what each command does to a seat in each standing, as Markdown. */
export function renderSeatCommandTable(commands: readonly Pick<SeatCommandRule, 'name' | 'to' | 'effects'>[]): string {
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
