import { Logger } from '@nestjs/common';
import type { AppConfig } from '../config/app-config';
import { Metrics } from '../metrics/metrics';
import { SecurityEvent, SecurityEvents } from './security-events';

describe('SecurityEvents', () => {
  const EVENT: SecurityEvent = {
    kind: 'INVALID_CREDENTIALS',
    reason: 'password',
    address: '203.0.113.7',
    method: 'POST',
    route: '/api/auth/login/',
    requestId: 'r',
  };
  let lines: unknown[][];
  let metrics: Metrics;
  let events: SecurityEvents;

  beforeEach(() => {
    jest.useFakeTimers();
    lines = [];
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((...line: unknown[]) => void lines.push(line));
    metrics = new Metrics();
    events = new SecurityEvents(metrics, { log: { securityEventsPerMinute: 3 } as AppConfig['log'] });
  });
  afterEach(() => {
    events.onModuleDestroy();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const tell = (times: number, event: Partial<SecurityEvent> = {}) => {
    for (let i = 0; i < times; i++) events.tell({ ...EVENT, ...event });
  };
  const counted = async () =>
    (await metrics.registry.getSingleMetric('rowlock_security_events_total')!.get()).values.map(({ labels, value }) => [
      ...Object.values(labels),
      value,
    ]);

  it('log the first of each kind in a minute with all particulars, and how many more there were', async () => {
    tell(10);
    tell(1, { kind: 'RATE_LIMITED', reason: 'login' });
    const { kind: _, reason: __, ...particulars } = EVENT;
    expect(lines).toEqual([
      ...Array(3).fill(['INVALID_CREDENTIALS (password)', particulars]),
      ['RATE_LIMITED (login)', particulars],
    ]);
    jest.advanceTimersByTime(60_000);
    expect(lines.slice(4)).toEqual([['INVALID_CREDENTIALS (password): 7 more within a minute']]);
    tell(1);
    expect(lines).toHaveLength(6);
    expect(await counted()).toEqual([
      ['INVALID_CREDENTIALS', 'password', 11],
      ['RATE_LIMITED', 'login', 1],
    ]);
  });

  it('count tokens that have expired, and log none', async () => {
    tell(2, { kind: 'UNAUTHENTICATED', reason: 'expired' });
    expect(lines).toEqual([]);
    expect(await counted()).toEqual([['UNAUTHENTICATED', 'expired', 2]]);
  });

  it('tell at the end of the server what is left to tell', () => {
    tell(5);
    events.onModuleDestroy();
    expect(lines.at(-1)).toEqual(['INVALID_CREDENTIALS (password): 2 more within a minute']);
    expect(jest.getTimerCount()).toBe(0);
  });
});
