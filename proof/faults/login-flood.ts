import { setTimeout as pause } from 'node:timers/promises';
import { percentile, tally } from '../kit/figures';
import { HttpClient, outcomeOf, Reply, tookMs } from '../kit/http-client';
import { runLoad } from '../kit/raw-load';
import type { Scenario } from './scenario';
import { Turnstile } from './turnstile';

const SECONDS = 6;
const ATTACKERS = 80;
const USERS = 5;
const LOGIN_EVERY_MS = 100;
const SERVED_MIN = 0.9;
const BUYERS = 8;
const PURCHASES_PER_SECOND = 80;
const PASSWORD = 'correct horse battery staple';

/** How the flood comes. Each attack has a server of its own, so that no count of one is left in the other. */
const ATTACKS: readonly { name: string; from: (attacker: number) => string; settings: Record<string, string> }[] = [
  { name: 'one address', from: () => '203.0.113.1', settings: {} },
  {
    // The limits of addresses are out of the way: it is the turns at the hashing that must keep the login open.
    name: 'one network, unlimited',
    from: (attacker) => `2001:db8:0:${attacker.toString(16)}::1`,
    settings: { RATE_LIMIT_LOGIN_ADDRESS_PER_MINUTE: '100000' },
  },
];

/** Somebody logs in over many connections under ever new names. */
export const loginFlood: Scenario = {
  name: 'login-flood',
  good: `${ATTACKERS} connections log in under ever new names, and at least ${SERVED_MIN} of the honest logins are served`,
  async run(stage, { seconds = SECONDS }, findings) {
    for (const { name, from, settings } of ATTACKS) {
      const house = await stage.house([{ shows: BUYERS, rows: 1, seatsPerRow: 1 }]);
      const app = await stage.app(house.url, {
        RATE_LIMIT_ENABLED: 'true',
        RATE_LIMIT_COMMANDS_PER_MINUTE: '1000000',
        TRUST_PROXY_HOPS: '1',
        HOLD_TTL_SECONDS: '600',
        ...settings,
      });
      const client = stage.client(app.url);
      const people = new HonestPeople(client);
      await people.register();
      const turnstile = await Turnstile.make(client, house, BUYERS);
      const measure = async () => {
        const logins = people.logIn(seconds);
        const purchases = await runLoad({
          port: app.port,
          clients: BUYERS,
          seconds,
          arrivalsPerSecond: PURCHASES_PER_SECOND,
          request: turnstile.request,
          onAnswer: (buyer, answer) => turnstile.turn(buyer, answer),
        });
        const replies = await logins;
        return {
          served: replies.filter(({ status }) => status === 200).length / replies.length,
          loginMs: percentile(replies.map(tookMs), 0.5),
          outcomes: JSON.stringify(tally(replies, outcomeOf)),
          purchaseMs: percentile(purchases.latenciesMs, 0.5),
        };
      };
      const control = await measure();
      const [attack, attacked] = await Promise.all([flood(app.port, seconds, from), measure()]);
      const both = (figure: 'loginMs' | 'purchaseMs') =>
        `${control[figure].toFixed(1)} → ${attacked[figure].toFixed(1)}`;
      findings.note(`${name}: the flood was told`, JSON.stringify(attack.counts));
      findings.note(`${name}: honest logins served`, `${control.served.toFixed(2)} → ${attacked.served.toFixed(2)}`);
      findings.note(`${name}: honest login, p50 (ms)`, both('loginMs'));
      findings.note(`${name}: hold or release meanwhile, p50 (ms)`, both('purchaseMs'));
      findings.expect(control.served === 1, `${name}: without a flood honest logins got ${control.outcomes}`);
      findings.expect(attacked.served >= SERVED_MIN, `${name}: honest logins got ${attacked.outcomes}`);
      findings.expect(attack.answers > ATTACKERS, `${name}: there was no flood, only ${attack.answers} attempts`);
      await app.stop();
    }
  },
};

/** Users that log in now and then, each time from another place, as many people behind as many addresses do. */
class HonestPeople {
  private places = 0;

  constructor(private readonly client: HttpClient) {}

  async register(): Promise<void> {
    for (let user = 0; user < USERS; user++) await this.send('/api/auth/register/', user);
  }

  async logIn(seconds: number): Promise<Reply[]> {
    const endMs = performance.now() + seconds * 1_000;
    const replies: Promise<Reply>[] = [];
    while (performance.now() < endMs) {
      replies.push(this.send('/api/auth/login/', this.places % USERS));
      await pause(LOGIN_EVERY_MS);
    }
    return Promise.all(replies);
  }

  private send(path: string, user: number): Promise<Reply> {
    const place = ++this.places;
    return this.client.request('POST', path, {
      headers: { 'x-forwarded-for': `198.51.${100 + Math.floor(place / 250)}.${place % 250}` },
      body: { username: `person-${user}`, password: PASSWORD },
    });
  }
}

function flood(port: number, seconds: number, from: (attacker: number) => string) {
  let names = 0;
  return runLoad({
    port,
    clients: ATTACKERS,
    seconds,
    request: (attacker) => {
      const body = JSON.stringify({ username: `nobody-${++names}`, password: 'x'.repeat(100) });
      return [
        'POST /api/auth/login/ HTTP/1.1',
        'Host: localhost',
        `X-Forwarded-For: ${from(attacker)}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        '',
        body,
      ].join('\r\n');
    },
  });
}
