/** PURE. The days of a calendar, in any time zone. */

const UTC = 'UTC';
const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * The instants from which and before which it is that day there; undefined where no calendar has it.
 *
 * @param day YYYY-MM-DD
 * @throws RangeError for a zone that there is not
 */
export function dayBounds(day: string, timeZone: string = UTC): { fromMs: number; beforeMs: number } | undefined {
  const midnightMs = utcMidnight(day);
  if (midnightMs === undefined) return undefined;
  const nextMs = midnightMs + DAY_MS;
  if (timeZone === UTC) return { fromMs: midnightMs, beforeMs: nextMs };
  const offsetMsAt = clocksOf(timeZone);
  return { fromMs: dayStart(midnightMs, offsetMsAt), beforeMs: dayStart(nextMs, offsetMsAt) };
}

/** Whether there is such a day: some engines read the 30th of February as the 2nd of March. */
export function isDay(day: string): boolean {
  return utcMidnight(day) !== undefined;
}

function utcMidnight(day: string): number | undefined {
  const midnight = new Date(`${day}T00:00:00.000Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return undefined;
  return midnight.getTime();
}

/**
 * The first instant of a day. Clocks may be changed at midnight: then there are two of them, of which the first counts, or
 * there is none, and the day begins with the change.
 */
function dayStart(midnightMs: number, offsetMsAt: (instantMs: number) => number): number {
  const [beforeMs, behindMs] = [offsetMsAt(midnightMs - DAY_MS), offsetMsAt(midnightMs + DAY_MS)] as const;
  const midnights = [midnightMs - beforeMs, midnightMs - behindMs]
    .filter((instantMs) => instantMs + offsetMsAt(instantMs) === midnightMs)
    .sort((a, b) => a - b);
  // Without a midnight, the offset before the change says when that is.
  return midnights[0] ?? midnightMs - beforeMs;
}

/** Tells by how much the clocks of a zone are ahead of UTC. @throws RangeError for a zone that there is not */
function clocksOf(timeZone: string): (instantMs: number) => number {
  const format = new Intl.DateTimeFormat('en-u-ca-gregory-hc-h23', {
    timeZone,
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instantMs) => {
    const part: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(instantMs)) part[type] = value;
    const isBeforeChrist = part.era!.startsWith('B');
    const local = new Date(0);
    local.setUTCFullYear(
      isBeforeChrist ? 1 - Number(part.year) : Number(part.year),
      Number(part.month) - 1,
      Number(part.day),
    );
    local.setUTCHours(Number(part.hour), Number(part.minute), Number(part.second));
    return local.getTime() - Math.floor(instantMs / 1_000) * 1_000;
  };
}
