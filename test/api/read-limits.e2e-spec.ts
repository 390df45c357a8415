import { startApp, TestApp } from '../support/app';
import { Answer, person, request, tally } from '../support/client';
import { expectProblem } from '../support/expectations';
import { createShow } from '../support/house';

const LIGHT = 4;
const HEAVY = 2;

let target: TestApp;
let showId: number;

beforeEach(async () => {
  target = await startApp({
    RATE_LIMIT_ENABLED: 'true',
    RATE_LIMIT_READS_PER_MINUTE: String(LIGHT),
    RATE_LIMIT_HEAVY_READS_PER_MINUTE: String(HEAVY),
    TRUST_PROXY_HOPS: '1',
  });
  showId = await createShow(target.dataSource);
});
afterEach(() => target.close());

const HEAVY_READS = () => ['/api/shows/', `/api/shows/${showId}/`, `/api/seats/?show_id=${showId}`];
const LIGHT_READS = () => [`/api/shows/${showId}/activity/`];

async function from(address: string | undefined, paths: readonly string[], times: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < times; i++) {
    const headers: Record<string, string> = address === undefined ? {} : { 'x-forwarded-for': address };
    answers.push(await request(target, 'GET', paths[i % paths.length]!, { headers }));
  }
  return answers;
}

describe('reads of one address', () => {
  it('are limited by their cost, all routes of a cost together', async () => {
    const heavy = await from('203.0.113.7', HEAVY_READS(), HEAVY + 3);
    expect(tally(heavy)).toEqual({ '200': HEAVY, '429 RATE_LIMITED': 3 });
    const refused = heavy.at(-1)!;
    expectProblem(refused, 'RATE_LIMITED');
    expect(refused.body.detail).toContain(`${HEAVY} such reads from one address a minute`);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(tally(await from('203.0.113.7', LIGHT_READS(), LIGHT + 1))).toEqual({ '200': LIGHT, '429 RATE_LIMITED': 1 });
  });

  it('are those of one IPv4 address with any port, one /64, or ten /64 of a /48', async () => {
    const read = (address: string, times = 1) => from(address, HEAVY_READS(), times).then(tally);
    expect(await read('203.0.113.7:1', HEAVY)).toEqual({ '200': HEAVY });
    expect(await read('203.0.113.7:2')).toEqual({ '429 RATE_LIMITED': 1 });
    expect(await read('203.0.113.8')).toEqual({ '200': 1 });
    for (let network = 0; network < 10; network++)
      expect(await read(`2001:db8:1:${network}::1`, HEAVY)).toEqual({ '200': HEAVY });
    expect(await read('2001:db8:1:10::1')).toEqual({ '429 RATE_LIMITED': 1 });
    expect(await read('2001:db8:2::1')).toEqual({ '200': 1 });
  });

  it('of this machine itself are not limited', async () => {
    expect(tally(await from(undefined, HEAVY_READS(), 3 * HEAVY))).toEqual({ '200': 3 * HEAVY });
  });

  it('stand in no command’s way', async () => {
    const holder = await person(target);
    await from('203.0.113.7', HEAVY_READS(), HEAVY + 1);
    const hold = await request(target, 'POST', '/api/seats/hold-batch/', {
      token: holder.token,
      headers: { 'x-forwarded-for': '203.0.113.7' },
      body: { show_id: showId, seats: [{ row: 'A', number: 1 }] },
    });
    expect(hold.status).toBe(200);
  });
});
