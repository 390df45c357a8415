import { mutantsIn } from './mutants-in.mjs';

const ADAPTER_TEST = ['src/platform/http/fastify-adapter.spec.ts'];
const PROTECTION_TEST = ['test/api/protection.e2e-spec.ts'];
const PROBLEM_TEST = ['src/platform/problem/problem-of.spec.ts', 'src/platform/problem/problem.filter.spec.ts'];

export const PLATFORM = [
  ...mutantsIn('src/platform/http/page.ts', ['src/platform/http/page.spec.ts'], {
    'there is never a next page': ['await read(limit + 1', 'await read(limit'],
    'the next page begins one entry too late': ['placeOf(page.at(-1)!)', 'placeOf(found.at(-1)!)'],
  }),
  ...mutantsIn('src/platform/http/cursor.ts', ['src/platform/http/cursor.spec.ts'], {
    'the cursor of another list is accepted': ['`^${written', '`${written'],
    'a cursor of an id of ten digits is refused': ["pattern: '\\\\d{1,10}'", "pattern: '\\\\d{1,9}'"],
    'a cursor goes beyond what PostgreSQL reads': ['value >= min && value <= max ? value', 'value >= min ? value'],
  }),
  ...mutantsIn('src/platform/http/rate-limits.ts', ['test/api/identity.e2e-spec.ts'], {
    'all holders share one limit of commands': [
      "perMinute: 'commandsPerMinute',\n    subject: ({ holder }) => holder?.id",
      "perMinute: 'commandsPerMinute',\n    subject: ({ holder }) => holder && 'all'",
      'request limits',
    ],
    'a refusal for its rate tells a moment at which it will be refused again': [
      'limit} a minute.`, retryAfterSeconds };',
      'limit} a minute.`, retryAfterSeconds: 1 };',
      'request limits',
    ],
  }),
  ...mutantsIn('src/platform/http/token-buckets.ts', ['src/platform/http/token-buckets.spec.ts'], {
    'a bucket fills beyond its size': ['Math.min(this.size, bucket.tokens +', 'Math.max(0, bucket.tokens +'],
    'buckets are never forgotten': ['if (this.buckets.size >= this.bucketsMax)', 'if (this.buckets.size < 0)'],
  }),
  ...mutantsIn('src/platform/http/rate-limits.ts', ['src/platform/http/rate-limits.spec.ts'], {
    'a network of many addresses has a limit for each of them and none for all': [
      'if (wideGroup !== undefined) {',
      'if (wideGroup === null) {',
    ],
    'made-up subjects of one rule push out those of another': ['this.tables.get(name)', "this.tables.get('all')"],
  }),
  ...mutantsIn('src/platform/http/fixed-windows.ts', ['src/platform/http/fixed-windows.spec.ts'], {
    'one request less than the limit is let through': ['window.hits > limit', 'window.hits >= limit'],
    'a table grows with the keys that clients make up': ['&& this.windows.size < this.windowsMax', ''],
  }),
  ...mutantsIn('src/platform/http/cors.ts', ADAPTER_TEST, {
    'pages of any origin can call the API': ["server.corsOrigins.includes('*') ? '*' : server.corsOrigins", "'*'"],
  }),
  ...mutantsIn('src/platform/http/fastify-adapter.ts', ADAPTER_TEST, {
    'X-Forwarded-For is believed although there is no proxy': [
      'trustProxy: server.trustProxyHops > 0 && ',
      'trustProxy: server.trustProxyHops === 0 || ',
    ],
  }),
  ...mutantsIn('src/platform/http/connections.ts', PROTECTION_TEST, {
    'one address may take all connections': ['this.ofAddress.take(address)', '() => undefined'],
    'silent connections beyond the limits stay for ever': ['this.surplus.size > SURPLUS_MAX', 'false'],
  }),
  ...mutantsIn('src/platform/http/requests-in-flight.ts', PROTECTION_TEST, {
    'health checks are refused where all connections are taken': [
      'isAlwaysServed ? undefined : connection.surplus',
      'connection.surplus',
      'connections',
    ],
    'a stream may stand behind other requests': ['if (connection.unanswered > 1) {', 'if (false) {', 'one connection'],
    'commands of a connection that was cut are begun': [
      'if (!connection.socket.destroyed) done();',
      'done();',
      'one connection',
    ],
  }),
  ...mutantsIn('src/platform/http/request-head.ts', ADAPTER_TEST, {
    'two Host headers are served': ['hosts > 1', 'hosts > 2'],
  }),
  ...mutantsIn('src/platform/http/request-id.ts', ADAPTER_TEST, {
    'a request id may be anything': [' && ACCEPTED_ID.test(sent)', ''],
  }),
  ...mutantsIn('src/platform/problem/problem-answer.ts', PROBLEM_TEST, {
    'BUSY without Retry-After': ['  BUSY: 1,\n', ''],
  }),
  ...mutantsIn('src/platform/problem/problem-of.ts', PROBLEM_TEST, {
    'a problem tells what the database said': [
      "detail: 'It is logged with the request id; quote that when asking about it.'",
      'detail: String(error)',
    ],
  }),
  ...mutantsIn('src/platform/problem/validation.pipe.ts', ['src/platform/problem/validation.pipe.spec.ts'], {
    'unknown fields are passed over': ['forbidNonWhitelisted: true', 'forbidNonWhitelisted: false'],
  }),
  ...mutantsIn('src/platform/problem/validation.pipe.ts', ['test/api/caching.e2e-spec.ts'], {
    'an unknown parameter is refused': ['.filter(([name]) => names.has(name))', ''],
  }),
  ...mutantsIn('src/platform/problem/quick-check.ts', ['src/platform/problem/quick-check.spec.ts'], {
    'the quick check passes over unknown fields': ['    Object.keys(value).length === entries.length &&\n', ''],
  }),
  ...mutantsIn('src/platform/database/pg-errors.ts', ['src/platform/database/pg-errors.spec.ts'], {
    'a lock that could not be had in time counts as a defect': ["  '55P03', //", '  //'],
  }),
  ...mutantsIn('src/platform/database/shared-read.ts', ['src/platform/database/shared-read.spec.ts'], {
    'a failed read fails those who asked after it': [
      '      () => this.start(key),\n      () => this.start(key),\n',
      '      () => this.start(key),\n',
    ],
  }),
  ...mutantsIn('src/platform/database/recent-read.ts', ['src/platform/database/recent-read.spec.ts'], {
    'a recent read is never asked for again': ['    this.forgetOld();\n', ''],
    'two queries run at once': [
      'this.running.then(() => this.run(batch))',
      'Promise.resolve().then(() => this.run(batch))',
    ],
    'a read is as old as its answer': [
      'set(key, { value: values.get(key), askedMs })',
      'set(key, { value: values.get(key), askedMs: this.nowMs() })',
    ],
  }),
  ...mutantsIn('src/platform/database/pools.ts', ['test/operations/pools.e2e-spec.ts'], {
    'any number of reads may wait for a connection': ['waitingCount >= this.waitingMax', 'waitingCount > Infinity'],
  }),
  ...mutantsIn('src/platform/database/database.module.ts', ['test/operations/pools.e2e-spec.ts'], {
    'a read may run for as long as a command': ['{ poolSize: reads, statementTimeoutMs }', '{ poolSize: reads }'],
  }),
  ...mutantsIn('src/seats/seat-state-machine.ts', ['test/operations/pools.e2e-spec.ts'], {
    'commands use the connections of reads': [
      '@Inject(CommandDataSource)',
      "@Inject(require('../platform/database/pools').ReadDataSource)",
    ],
  }),
  ...mutantsIn('src/platform/http/conditional.ts', ['src/platform/http/conditional.spec.ts'], {
    'the tag that a proxy has marked is another one': [" || sent.replace(OF_COMPRESSION, '') === own", ''],
  }),
  ...mutantsIn('src/platform/http/vary.ts', ['src/platform/http/conditional.spec.ts'], {
    'Vary forgets what others have named': ['return [...names, ', 'return ['],
  }),
  ...mutantsIn('src/platform/http/calendar-day.ts', ['src/platform/http/calendar-day.spec.ts'], {
    'a day of two midnights begins with the second': ['midnights[0]', 'midnights.at(-1)'],
    'a day without a midnight begins an hour late': ['?? midnightMs - beforeMs', '?? midnightMs - behindMs'],
  }),
  ...mutantsIn('src/platform/http/query-values.ts', ['test/api/reading.e2e-spec.ts'], {
    'an instant of a day that does not exist is another one': [' && isDay(day)', ''],
  }),
  ...mutantsIn('src/platform/jobs/jobs.ts', ['src/platform/jobs/jobs.spec.ts'], {
    'a round begins before the last has ended': ['    if (this.running.has(name)) return;\n', ''],
  }),
  ...mutantsIn('src/platform/health/health.controller.ts', ['test/operations/faults.e2e-spec.ts'], {
    'ready without a database': [
      'await Promise.race([this.database.ask(), late]);',
      'void late.catch(() => undefined);',
      'the database is away',
    ],
  }),
  ...mutantsIn('src/platform/money.ts', ['src/platform/money.spec.ts'], {
    'a single decimal counts as hundredths': ["fraction.padEnd(2, '0').slice(0, 2)", 'fraction.slice(0, 2)'],
  }),
];
