import { Registry } from 'prom-client';
import type { Metrics } from '../platform/metrics/metrics';
import { Problem } from '../platform/problem/problem';
import { StreamPlaces } from './stream-places';
import { UnreadBytes } from './unread-bytes';

function open(settings: { max?: number; perAddressMax?: number; isEnabled?: boolean; unreadMaxBytes?: number } = {}) {
  const { max = 1_000, perAddressMax = 2, isEnabled = true, unreadMaxBytes = 1 } = settings;
  const metrics = { registry: new Registry() } as Metrics;
  const config = { streams: { max, perAddressMax, unreadMaxBytes }, rateLimits: { enabled: isEnabled } } as never;
  const unread = new UnreadBytes(config, metrics);
  return { places: new StreamPlaces(config, metrics, unread), unread, ...metrics };
}

const taking = (places: StreamPlaces, ip: string): string => {
  try {
    places.take(ip);
    return 'taken';
  } catch (error) {
    return (error as Problem).code;
  }
};

describe('places for event streams', () => {
  it('are limited for an address, whatever its port, and free again when given back', () => {
    const { places } = open();
    const giveBack = places.take('203.0.113.7:1');
    expect(['203.0.113.7:2', '203.0.113.7', '203.0.113.8'].map((ip) => taking(places, ip))).toEqual([
      'taken',
      'RATE_LIMITED',
      'taken',
    ]);
    giveBack();
    giveBack();
    expect(['203.0.113.7', '203.0.113.7'].map((ip) => taking(places, ip))).toEqual(['taken', 'RATE_LIMITED']);
  });

  it('are limited for an IPv6 network, and for ten times as many in the wider one', () => {
    const { places } = open();
    const ips = (network: number) => [
      `2001:db8:1:${network}::1`,
      `2001:db8:1:${network}::2`,
      `2001:db8:1:${network}::3`,
    ];
    for (let network = 0; network < 10; network++) {
      expect(ips(network).map((ip) => taking(places, ip))).toEqual(['taken', 'taken', 'RATE_LIMITED']);
    }
    expect(taking(places, '2001:db8:1:10::1')).toBe('RATE_LIMITED');
    expect(taking(places, '2001:db8:2:10::1')).toBe('taken');
  });

  it.each([
    ['this machine', {}, '127.0.0.1'],
    ['all while limits are switched off', { isEnabled: false }, '203.0.113.7'],
  ])('are not limited for %s, but in all', (_, settings, ip) => {
    const { places } = open({ ...settings, max: 30 });
    const answers = Array.from({ length: 31 }, () => taking(places, ip));
    expect(answers.slice(0, 30)).toEqual(Array(30).fill('taken'));
    expect(answers[30]).toBe('BUSY');
  });

  it('are not given while too much is unread', () => {
    const { places, unread } = open();
    const shared = Buffer.from('x');
    unread.add({ pieces: [shared], shared });
    expect(taking(places, '203.0.113.7')).toBe('BUSY');
    unread.remove({ pieces: [shared], shared });
    expect(taking(places, '203.0.113.7')).toBe('taken');
  });

  it('say which limit is reached, and keep no address that has none', async () => {
    const { places, registry } = open();
    const given = Array.from({ length: 900 }, (_, index) => places.take(`10.0.${index >> 8}.${index & 255}`));
    expect(() => places.take('10.0.0.1')).not.toThrow();
    for (const giveBack of given) giveBack();
    expect((places as unknown as { taken: Map<string, number> }).taken.size).toBe(1);
    places.take('10.0.0.1');
    expect(() => places.take('10.0.0.1')).toThrow('At most 2 event streams may be open from 10.0.0.1.');
    const metrics = await registry.metrics();
    expect(metrics).toContain('event_streams_open 2');
    expect(metrics).toContain('event_streams_refused_total{code="RATE_LIMITED"} 1');
  });
});
