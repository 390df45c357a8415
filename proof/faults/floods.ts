import { connect, Socket } from 'node:net';
import { COMMANDS } from '../checkers/commands';
import { percentile } from '../kit/figures';
import { get, post, runLoad } from '../kit/raw-load';
import type { ServerProcess } from '../kit/server-process';
import { until } from '../kit/until';
import { guests } from '../people/target';
import type { Findings, RunOptions, Scenario } from './scenario';
import type { FaultStage } from './stage';
import { Turnstile } from './turnstile';

/** One client against everybody: each scenario is an attack, and honest people beside it. */

const SECONDS = 5;
const CLIENTS = 16;
/** Few enough to measure the answers, and not how much the machine can do. */
const ARRIVALS_PER_SECOND = 50;
const HONEST_P99_MS = 500;
const HONEST_RATIO_MAX = 5;
const INTERVAL_MS = 500;
/** The largest attack takes a while by itself, on the machine that serves the honest people as well. */
const LONG_INTERVAL_MS = 2_000;
const ALIVE_WITHIN_MS = 5_000;
/** All of 127.0.0.0/8 is this machine, on Linux; the honest people come from another address of it. */
const ATTACKER = '127.0.0.2';
const LARGE_SHOW = { shows: 1, rows: 100, seatsPerRow: 100 };

interface Attack {
  readonly app: ServerProcess;
  readonly token: string;
  readonly showId: number;
  readonly largeShowId: number;
  /** Opens a connection and writes to it. It is closed with the attack, if the server has not cut it by then. */
  open(text: string): Socket;
}

interface Flood {
  readonly name: string;
  readonly good: string;
  readonly settings?: Record<string, string>;
  readonly nodeOptions?: readonly string[];
  readonly intervalMs?: number;
  /** Called again and again for as long as the honest people are measured. */
  attack(attack: Attack): void;
  /** What must be so in the end, beside the honest people's answers. */
  check(findings: Findings, attack: Attack): Promise<void>;
}

function scenarioOf({
  name,
  good,
  settings = {},
  nodeOptions,
  intervalMs = INTERVAL_MS,
  attack,
  check,
}: Flood): Scenario {
  return {
    name,
    good: `${good}; others keep a p99 of ${HONEST_P99_MS} ms, or ${HONEST_RATIO_MAX} times what it is without`,
    async run(stage: FaultStage, { seconds = SECONDS }: RunOptions, findings: Findings) {
      const house = await stage.house([{ shows: 10, rows: 1, seatsPerRow: 20 }, LARGE_SHOW]);
      const app = await stage.app(
        house.url,
        { HOLD_TTL_SECONDS: '600', MAX_CONNECTIONS_PER_ADDRESS: '50', ...settings },
        nodeOptions,
      );
      const client = stage.client(app.url);
      const turnstile = await Turnstile.make(client, { ...house, showIds: [house.showIds[0]!] }, CLIENTS);
      const [attacker] = await guests(client, 1);
      const sockets: Socket[] = [];
      const close = () => sockets.splice(0).forEach((socket) => socket.destroy());
      stage.defer(close);
      const means: Attack = {
        app,
        token: attacker!.token,
        showId: house.showIds[0]![0]!,
        largeShowId: house.showIds[1]![0]!,
        open(text) {
          const socket = connect({ port: app.port, host: '127.0.0.1', localAddress: ATTACKER });
          socket.on('error', () => undefined).pause();
          socket.write(text);
          sockets.push(socket);
          return socket;
        },
      };
      const honestP99 = async () => {
        const { latenciesMs, counts, answers } = await runLoad({
          port: app.port,
          clients: CLIENTS,
          seconds,
          arrivalsPerSecond: ARRIVALS_PER_SECOND,
          request: turnstile.request,
          onAnswer: (index, answer) => turnstile.turn(index, answer),
        });
        findings.expect(counts['200'] === answers, `others got ${JSON.stringify(counts)}`);
        return percentile(latenciesMs, 0.99);
      };
      await honestP99(); // warm-up
      const without = await honestP99();
      attack(means);
      const timer = setInterval(() => attack(means), intervalMs);
      let slowestMs = 0;
      const alive = setInterval(() => {
        const askedMs = performance.now();
        void client.request('GET', '/health/live').then(({ status }) => {
          slowestMs = status === 200 ? Math.max(slowestMs, performance.now() - askedMs) : Infinity;
        });
      }, INTERVAL_MS);
      const during = await honestP99().finally(() => {
        clearInterval(timer);
        clearInterval(alive);
      });
      findings.note('connections of the attack', sockets.length);
      await check(findings, means);
      close();
      findings.note('p99 of others without it, and during it (ms)', `${without.toFixed(1)} → ${during.toFixed(1)}`);
      findings.took('slowest answer to a health check', [slowestMs], ALIVE_WITHIN_MS);
      const limitMs = Math.max(HONEST_P99_MS, HONEST_RATIO_MAX * without);
      findings.expect(
        during <= limitMs,
        `the p99 of others was ${during.toFixed(0)} ms, over ${limitMs.toFixed(0)} ms`,
      );
    },
  };
}

/** How often the server turned somebody away for this reason; how many connections it has. */
async function metric({ app }: Attack, name: string): Promise<number> {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length) ?? 0);
}

const refusals = (reason: string) => `rowlock_refusals_total{reason="${reason}"}`;

async function expectRefusals(findings: Findings, attack: Attack, reason: string): Promise<void> {
  const count = await metric(attack, refusals(reason));
  findings.note(`refused or cut: ${reason}`, count);
  findings.expect(count > 0, `nothing was refused or cut for ${reason}`);
}

const PIPELINED_STREAMS = 1_500;
const PIPELINED_COMMANDS = 500;
const CONNECTIONS_AT_ONCE = 40;
const SILENT_READERS = 5;
const LARGE_ANSWERS = 16;
const TOO_MANY_SEATS = 2_400;

const FLOOD_LIST: readonly Flood[] = [
  {
    name: 'pipelined-streams',
    good: `${PIPELINED_STREAMS} event streams of a large show asked for on one connection use up no memory`,
    nodeOptions: ['--max-old-space-size=384'],
    attack: ({ open, largeShowId }) => void open(get(`/api/shows/${largeShowId}/events`).repeat(PIPELINED_STREAMS)),
    check: (findings, attack) => expectRefusals(findings, attack, 'requests_per_connection'),
  },
  {
    name: 'pipelined-commands',
    good: `${PIPELINED_COMMANDS} commands at once on each of ${CONNECTIONS_AT_ONCE} connections are cut off`,
    intervalMs: LONG_INTERVAL_MS,
    attack({ open, token, largeShowId }) {
      const body = { show_id: largeShowId, seats: [{ row: 'A', number: 1 }] };
      const text = post(COMMANDS.hold.path, token, body).repeat(PIPELINED_COMMANDS);
      for (let i = 0; i < CONNECTIONS_AT_ONCE; i++) open(text);
    },
    check: (findings, attack) => expectRefusals(findings, attack, 'requests_per_connection'),
  },
  {
    name: 'many-connections',
    good: 'one address that opens ever more streams has its share of the connections, and no more',
    settings: { MAX_CONNECTIONS: '200' },
    attack({ open, showId }) {
      for (let i = 0; i < CONNECTIONS_AT_ONCE; i++) open(get(`/api/shows/${showId}/events`));
    },
    check: (findings, attack) => expectRefusals(findings, attack, 'connections_per_address'),
  },
  {
    name: 'silent-readers',
    good: 'clients that ask for much and read nothing are cut off',
    settings: { SLOW_READER_TIMEOUT_SECONDS: '1' },
    attack({ open }) {
      for (let i = 0; i < SILENT_READERS; i++) open(get('/docs/swagger-ui-bundle.js.map').repeat(LARGE_ANSWERS));
    },
    async check(findings, attack) {
      await expectRefusals(findings, attack, 'slow_reader');
      // The connections that remain are those of the honest people's client.
      await until(async () => (await metric(attack, 'rowlock_connections')) < SILENT_READERS);
    },
  },
  {
    name: 'long-lists',
    good: `commands with ${TOO_MANY_SEATS} seats cost little more than to read them`,
    attack({ open, token, largeShowId }) {
      const seats = Array.from({ length: TOO_MANY_SEATS }, (_, index) => ({ row: 'A', number: index + 1 }));
      open(post(COMMANDS.hold.path, token, { show_id: largeShowId, seats }).repeat(LARGE_ANSWERS));
    },
    check: () => Promise.resolve(),
  },
];

export const FLOODS: readonly Scenario[] = FLOOD_LIST.map(scenarioOf);
