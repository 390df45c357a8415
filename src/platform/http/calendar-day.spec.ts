import fc from 'fast-check';
import { dayBounds, isDay } from './calendar-day';

const HOUR_MS = 3_600_000;
const hours = (day: string, zone?: string) => {
  const { fromMs, beforeMs } = dayBounds(day, zone)!;
  return (beforeMs - fromMs) / HOUR_MS;
};
const from = (day: string, zone?: string) => new Date(dayBounds(day, zone)!.fromMs).toISOString();

/** The day that the calendars there show at an instant, by another way than that of the code. */
const dayAt = (instantMs: number, timeZone: string) =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(instantMs);

describe('a day', () => {
  it('is that of UTC, unless a zone is named', () => {
    expect(from('2026-05-01')).toBe('2026-05-01T00:00:00.000Z');
    expect(from('2026-05-01', 'America/New_York')).toBe('2026-05-01T04:00:00.000Z');
    expect(from('2026-05-01', 'Asia/Kathmandu')).toBe('2026-04-30T18:15:00.000Z');
    expect(from('2026-05-01', 'Pacific/Kiritimati')).toBe('2026-04-30T10:00:00.000Z');
  });

  it.each([
    ['2026-03-08', 'America/New_York', 23],
    ['2026-11-01', 'America/New_York', 25],
    ['2026-03-29', 'Europe/Berlin', 23],
    ['2026-10-25', 'Europe/Berlin', 25],
    ['2026-10-04', 'Australia/Lord_Howe', 23.5],
    // Clocks go from 0:00 to 1:00, so the day has no midnight.
    ['2026-04-24', 'Africa/Cairo', 23],
    // Clocks go from 1:00 to 0:00, so it has two.
    ['2026-11-01', 'America/Havana', 25],
    // The day was left out.
    ['2011-12-30', 'Pacific/Apia', 0],
    ['2026-07-01', 'Europe/Berlin', 24],
  ])('%s in %s has %d hours', (day, zone, expected) => {
    expect(hours(day, zone)).toBe(expected);
  });

  it('begins where the day before ends, and the calendars there agree', () => {
    const day = fc.date({ min: new Date('1950-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(day, fc.constantFrom(...Intl.supportedValuesOf('timeZone')), (date, zone) => {
        const text = (shift: number) => new Date(date.getTime() + shift * 24 * HOUR_MS).toISOString().slice(0, 10);
        const { fromMs, beforeMs } = dayBounds(text(0), zone)!;
        expect(dayBounds(text(1), zone)!.fromMs).toBe(beforeMs);
        if (fromMs === beforeMs) return;
        expect(dayAt(fromMs, zone)).toBe(text(0));
        expect(dayAt(beforeMs - 1, zone)).toBe(text(0));
        expect(dayAt(fromMs - 1, zone) < text(0)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('of the years 1 and 9999 has bounds', () => {
    expect(from('0001-01-01', 'America/New_York')).toMatch(/^0001-01-01T04:56:/);
    expect(hours('9999-12-31', 'Asia/Tokyo')).toBe(24);
  });

  it('must exist', () => {
    for (const day of ['2026-02-29', '2026-02-30', '2026-13-01', '2026-00-01', '2026-01-00', 'tomorrow'])
      expect([day, isDay(day), dayBounds(day)]).toEqual([day, false, undefined]);
    expect(isDay('2028-02-29')).toBe(true);
  });

  it('of no zone is a mistake', () => {
    expect(() => dayBounds('2026-05-01', 'Mars/Olympus')).toThrow(RangeError);
  });
});
