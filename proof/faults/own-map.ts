import { COMMANDS } from '../checkers/commands';
import { percentile } from '../kit/figures';
import { Target } from '../kit/http-client';
import { guests } from '../people/target';
import type { Scenario } from './scenario';

const ROUNDS = 60;
const RATIO_MAX = 1.3;
const ROWS = 100;
const SEATS_PER_ROW = 100;
/** As many as a holder may have. */
const HELD = 10;

/** A holder looks at a very large house, in which own holds are marked. */
export const ownMap: Scenario = {
  name: 'own-map',
  good: `the seat map of ${ROWS * SEATS_PER_ROW} seats takes at most ${RATIO_MAX} times as long with holds of one's own`,
  async run(stage, { cycles: rounds = ROUNDS }, findings) {
    const house = await stage.house([{ shows: 1, rows: ROWS, seatsPerRow: SEATS_PER_ROW }]);
    const showId = house.showIds[0]![0]!;
    const app = await stage.app(house.url, { HOLD_TTL_SECONDS: '600' });
    const client: Target = stage.client(app.url);
    const [holder] = await guests(client, 1);
    const seats = Array.from({ length: HELD }, (_, index) => ({ row: 'A', number: index * 10 + 1 }));
    const hold = await client.request('POST', COMMANDS.hold.path, {
      token: holder!.token,
      body: { show_id: showId, seats },
    });
    findings.expect(hold.status === 200, `the hold was answered by ${hold.status}`);

    const path = `/api/seats/?show_id=${showId}`;
    const tag = (token?: string) => client.request('GET', path, { token }).then(({ headers }) => String(headers?.etag));
    const [publicTag, ownTag] = [await tag(), await tag(holder!.token)];
    const kinds = {
      anonymous: { status: 200, sending: {} },
      own: { status: 200, sending: { token: holder!.token } },
      'anonymous, unchanged': { status: 304, sending: { headers: { 'if-none-match': publicTag } } },
      'own, unchanged': { status: 304, sending: { token: holder!.token, headers: { 'if-none-match': ownTag } } },
    } as const;
    const tookMs: Record<string, number[]> = {};
    // In turns, as the machine may be busier at one time than at another.
    for (let round = 0; round < rounds; round++) {
      for (const [kind, { status, sending }] of Object.entries(kinds)) {
        const startedMs = performance.now();
        const answer = await client.request('GET', path, sending);
        (tookMs[kind] ??= []).push(performance.now() - startedMs);
        findings.expect(answer.status === status, `${kind}: ${answer.status}`);
      }
    }
    const median = (kind: keyof typeof kinds) => percentile(tookMs[kind]!, 0.5);
    for (const kind of Object.keys(kinds) as (keyof typeof kinds)[])
      findings.note(`${kind}, median (ms)`, median(kind).toFixed(1));
    for (const suffix of ['', ', unchanged'] as const) {
      const ratio = median(`own${suffix}`) / median(`anonymous${suffix}`);
      findings.note(`own ÷ anonymous${suffix}`, ratio.toFixed(2));
      findings.expect(ratio <= RATIO_MAX, `own holds${suffix} take ${ratio.toFixed(2)} times as long`);
    }
  },
};
