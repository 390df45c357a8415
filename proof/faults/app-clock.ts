import type { HttpClient } from '../kit/http-client';
import { guests, Holder } from '../people/target';
import { differences, play, SCRIPT_PLAN, SCRIPT_TTL_SECONDS } from './script';
import type { Scenario } from './scenario';

const OFFSETS_MINUTES = [0, 10, -10] as const;
const MINUTE_MS = 60_000;
const TOLERANCE_MS = 5_000;

/** The clock of the app's machine is wrong; the database's counts. */
export const appClock: Scenario = {
  name: 'app-clock',
  good: 'with a clock that is ten minutes off, clients see exactly the same',
  async run(stage, _options, findings) {
    const house = await stage.house(OFFSETS_MINUTES.map(() => SCRIPT_PLAN));
    const transcripts: Record<string, string[]> = {};
    const tokens: string[] = [];
    const clients: HttpClient[] = [];
    for (const [index, minutes] of OFFSETS_MINUTES.entries()) {
      const name = minutes === 0 ? 'right' : `${minutes > 0 ? '+' : '−'}${Math.abs(minutes)} min`;
      const settings = { HOLD_TTL_SECONDS: String(SCRIPT_TTL_SECONDS), CLOCK_OFFSET_MS: String(minutes * MINUTE_MS) };
      const { url } = await stage.app(house.url, settings, ['--require', require.resolve('./shifted-clock')]);
      const client = stage.client(url);
      const [{ token }] = (await guests(client, 1)) as [Holder];
      // Tokens are signed and judged by the app's clock: it tells which one it has.
      const offMs = issuedMs(token) - Date.now() - minutes * MINUTE_MS;
      findings.expect(Math.abs(offMs) < TOLERANCE_MS, `${name}: the clock is shifted by ${Math.round(offMs)} ms more`);
      tokens.push(token);
      clients.push(client);
      transcripts[name] = await play(client, {
        house,
        showIds: house.showIds[index]!,
        onLapsed: async () => undefined,
      });
    }
    findings.note('clocks', Object.keys(transcripts).join(', '));
    findings.note('answers compared on each', transcripts.right!.length);
    for (const difference of differences(transcripts)) findings.failures.push(difference);

    // Good for a day each: none is refused for ten minutes more or less.
    let accepted = 0;
    for (const client of clients) {
      for (const token of tokens) {
        const { status } = await client.request('GET', '/api/bookings/', { token });
        if (status === 200) accepted++;
      }
    }
    const all = tokens.length * clients.length;
    findings.note('tokens of each accepted by each', `${accepted} of ${all}`);
    findings.expect(accepted === all, `only ${accepted} tokens were accepted by servers with other clocks`);
  },
};

function issuedMs(token: string): number {
  const { iat } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { iat: number };
  return iat * 1_000;
}
