import { mutantsIn } from './mutants-in.mjs';

const RACES = ['test/races/races.e2e-spec.ts'];
const INTERLEAVINGS = ['test/races/interleavings.e2e-spec.ts'];

export const SEATS = [
  ...mutantsIn('src/seats/seat-lock.ts', RACES, {
    'lock removed': [
      "    .setLock('pessimistic_write');\n  return (onLocked ? query.setOnLocked(onLocked) : query).getQuery();",
      "    ;\n  return (onLocked ? query.setLock('pessimistic_write').setOnLocked(onLocked) : query).getQuery();",
      'one command a transaction .*lapse while waiting',
    ],
    'decision before the lock: seats are read first, and locked afterwards': [
      `    const { rows: locked } = await (isOneShow
      ? transaction.send<LockedSeat>(this.withinShow, [showIds[0], rows, numbers])
      : transaction.send<LockedSeat>(this.acrossShows, [showIds, rows, numbers]));`,
      `    const early = transaction.send<LockedSeat>(this.acrossShows.replace(/FOR UPDATE.*/, ''), [showIds, rows, numbers]);
    void (isOneShow
      ? transaction.send<LockedSeat>(this.withinShow, [showIds[0], rows, numbers])
      : transaction.send<LockedSeat>(this.acrossShows, [showIds, rows, numbers]));
    const { rows: locked } = await early;`,
    ],
    'locks in opposite orders in two instances': [
      ".orderBy({ 'seat.showId': 'ASC', 'seat.row': 'ASC', 'seat.number': 'ASC' })",
      ".orderBy({ 'seat.number': Math.floor(((globalThis as { turn?: number }).turn = ((globalThis as { turn?: number }).turn ?? -1) + 1) / 3) % 2 ? 'ASC' : 'DESC' })",
      'one command a transaction .*opposite order',
    ],
  }),
  ...mutantsIn('src/seats/seat-lock.ts', INTERLEAVINGS, {
    'now() instead of the clock after the lock': [
      'SELECT floor(extract(epoch FROM clock_timestamp())',
      'SELECT floor(extract(epoch FROM now())',
      'a hold lapses between two steps',
    ],
  }),
  ...mutantsIn('src/seats/seat-scene.ts', INTERLEAVINGS, {
    'clock read before the lock': [
      '      lock.send(transaction, namedSeats(commands)),\n      sendLimitLocks(transaction, taking),\n      sendClock(transaction),',
      '      ...((clock) => [lock.send(transaction, namedSeats(commands)), sendLimitLocks(transaction, taking), clock] as const)(sendClock(transaction)),',
      'ann release A1 A2 . ben hold',
    ],
  }),
  ...mutantsIn('src/seats/seat-transitions.ts', ['src/seats/seat-transitions.spec.ts'], {
    'row 10 comes before row 2': ['if (isNumberA && isNumberB) {', 'if (false) {'],
    'row AA comes before row B': ['[...a].length - [...b].length || compareBytes(a, b)', 'compareBytes(a, b)'],
    'lapse forgotten in the decision': ["      if (isLapsed(seat, nowMs)) return 'LAPSED';\n", ''],
    'a hold lives one millisecond too long': ['seat.holdExpiresAtMs <= nowMs', 'seat.holdExpiresAtMs < nowMs'],
  }),
  ...mutantsIn('src/database/migrations/1795700000000-columns-and-checks.ts', ['test/expiry/expiry.e2e-spec.ts'], {
    'lapse forgotten in every read': ['seat.hold_expires_at <= statement_timestamp() AS lapsed', 'false AS lapsed'],
  }),
  ...mutantsIn(
    'src/seats/reading/seat-count-reader.ts',
    ['test/expiry/expiry.e2e-spec.ts', 'test/api/reading.e2e-spec.ts'],
    { 'lapse forgotten in the counts of shows': ['FROM seat_now', 'FROM seat'] },
  ),
  ...mutantsIn(
    'src/platform/database/pipelined-transaction.ts',
    ['test/races/races.e2e-spec.ts', 'test/operations/faults.e2e-spec.ts', 'test/api/seat-commands.e2e-spec.ts'],
    {
      'answer before commit': [
        '    if (!transaction.isAbandoned) await transaction.commit();\n',
        '    if (!transaction.isAbandoned) void transaction.commit().catch(() => undefined);\n',
      ],
    },
  ),
  ...mutantsIn('src/seats/seat-scene.ts', ['test/api/idempotency.e2e-spec.ts'], {
    'idempotency record outside the transaction': [
      '    this.answers.write(transaction, this.nowMs, this.seals);\n',
      '',
    ],
  }),
  ...mutantsIn('src/seats/idempotency/stored-answers.ts', ['src/seats/idempotency/stored-answers.spec.ts'], {
    'key not scoped to the holder': [
      'return `${showId} ${holderId} ${key}`;',
      'return `${showId} ${holderId && key}`;',
    ],
  }),
  ...mutantsIn('src/seats/seat-command.ts', ['src/seats/idempotency/stored-answers.spec.ts'], {
    'fingerprint without the seats': [
      '[...seats].sort(compareSeatsByBytes).map(({ row, number }) => [row, number])',
      'seats.length',
    ],
  }),
  ...mutantsIn('src/seats/seat-decision.ts', ['src/seats/seat-decision.spec.ts'], {
    'batch acknowledged in part: refused seats are left out': [
      '  if (refused.length > 0) return',
      '  if (refused.length === seats.length) return',
    ],
    'only the first refused seat is told': [
      'refuse(rule.refusal, refused)',
      'refuse(rule.refusal, refused.slice(0, 1))',
    ],
    'a second booking for a repeated book': [
      "if (repeated !== undefined) return { kind: 'repeated-booking', bookingId: repeated };",
      'void repeated;',
    ],
    'a lapsed hold is taken over without its expiry in the ledger': [
      'const before = rule.from.includes(seat.status) ? seat : endHold(seat, asked, transitions);',
      "const before = { ...seat, status: rule.from[0]!, holdExpiresAtMs: seat.status === 'HELD' && rule.from[0] !== 'HELD' ? null : seat.holdExpiresAtMs };",
    ],
    'sales are closed before the show is looked for': [
      "  if (!scene.show) return refuse('SHOW_NOT_FOUND');",
      "  if (rule.needsOpenSales && !scene.show?.salesOpen) return refuse('SALES_CLOSED');\n  if (!scene.show) return refuse('SHOW_NOT_FOUND');",
    ],
  }),
  ...mutantsIn('src/seats/seat-command-queue.ts', ['test/races/combining.e2e-spec.ts'], {
    'one failure fails all that were combined with it': [
      '        await this.separate(batch, error);',
      '        this.giveUp(batch, error);',
    ],
  }),
  ...mutantsIn('src/seats/seat-scene.ts', ['test/races/combining.e2e-spec.ts'], {
    'commands of one transaction do not see each other': [
      '      this.seats.set(key, seat);\n',
      '',
      'each command sees the effect',
    ],
  }),
  ...mutantsIn('src/seats/commands/expire.ts', ['src/seats/seat-decision.spec.ts', 'test/races/races.e2e-spec.ts'], {
    'sweep without looking again under the lock': ["    HELD_BY_ANOTHER: 'keep',", "    HELD_BY_ANOTHER: 'step',"],
  }),
  ...mutantsIn('src/platform/database/shared-read.ts', ['test/api/reading.e2e-spec.ts'], {
    'a shared read that started before the question': [
      'if (this.maxAgeMs > 0 && !this.isOld(state)) return',
      'if (state.current) return',
    ],
  }),
  ...mutantsIn(
    'src/seats/seat-command-queue.ts',
    ['test/races/combining.e2e-spec.ts', 'test/operations/faults.e2e-spec.ts'],
    {
      'commit that may have happened is tried again': [
        '      if (error instanceof CommitUnknownError) {',
        '      if (error instanceof CommitUnknownError) {\n        if (attempt < MAX_ATTEMPTS) return this.attempt(batch, attempt + 1);',
      ],
    },
  ),
  ...mutantsIn('src/seats/commands/hold.ts', ['src/seats/seat-decision.spec.ts'], {
    'deadline from the clock of the application': [
      'found.holdExpiresAtMs! : scene.nowMs + scene.holdTtlMs,',
      'found.holdExpiresAtMs! : Date.now() + scene.holdTtlMs,',
    ],
    'a hold outlives the sales of its show': ['scene.show!.salesCloseMs,\n', 'Infinity,\n'],
    'a takeover prolongs the hold': ['isInherited ? found.holdExpiresAtMs! :', 'false ? found.holdExpiresAtMs! :'],
    'a takeover changes the price': ['isInherited ? chargedPrice(found) :', 'false ? chargedPrice(found) :'],
    'deadline moved by holding again': ["    HELD_BY_ME: 'keep',", "    HELD_BY_ME: 'step',"],
  }),
  ...mutantsIn('src/seats/commands/limits.ts', ['src/seats/seat-decision.spec.ts'], {
    'limit counts lapsed holds': ['const held = liveHolds(scene).length;', 'const held = scene.holdings.holds.size;'],
    'booked seats count for nothing': ['held + scene.holdings.booked', 'held'],
    'the limit of an address counts lapsed holds': ['if (deadlineMs > nowMs) count', 'if (deadlineMs > 0) count'],
  }),
  ...mutantsIn('src/seats/commands/cool-down.ts', ['src/seats/seat-decision.spec.ts'], {
    'a hold that no sweep has expired is not given up': ['isLapsed(seat, nowMs) ? seat.holdExpiresAtMs : null', 'null'],
    'a guest of the same address is another': [
      'addressKey !== null && hold.addressKey',
      'addressKey === null && hold.addressKey',
    ],
  }),
  ...mutantsIn('src/seats/limit-locks.ts', INTERLEAVINGS, {
    'limits are counted without a lock': [
      'if (names.size === 0) return;',
      'if (names.size >= 0) return;',
      'A1 BOOKED by ann, limit 2 with booked',
    ],
  }),
  ...mutantsIn('src/seats/limit-locks.ts', ['test/api/seat-limits.e2e-spec.ts'], {
    'holds of an address are counted without a lock': [
      'return address ? [holder, address.networkKey ?? address.addressKey] : [holder];',
      'return address ? [holder] : [holder];',
      'by two guests at once',
    ],
    'one address of a network does not wait for another': [
      'address.networkKey ?? address.addressKey',
      'address.addressKey',
      'two addresses of one network',
    ],
  }),
  ...mutantsIn('src/seats/seat-scene.ts', ['test/api/seat-limits.e2e-spec.ts'], {
    'commands of one transaction do not see each other’s holds from one address': [
      '      this.addressHolds.apply(before, seat);\n',
      '',
      'a hundred guests',
    ],
    'a hold that is told again tells the time of the first telling': [
      'outcome: retold(replayed.outcome, this.nowMs)',
      'outcome: replayed.outcome',
      'tells the time of now',
    ],
  }),
  ...mutantsIn('src/seats/seats.controller.ts', ['test/api/admission.e2e-spec.ts'], {
    'guests hold seats of shows that they were not admitted to': [
      '    this.admission.check(call.holder, body.show_id);\n',
      '',
    ],
  }),
  ...mutantsIn(
    'src/platform/database/pipelined-transaction.ts',
    ['test/races/combining.e2e-spec.ts', 'test/races/races.e2e-spec.ts'],
    {
      'going on in an aborted transaction: a failed statement is passed over': [
        '    if (failed) throw failed.reason;\n',
        '    void failed;\n',
      ],
    },
  ),
  ...mutantsIn('src/seats/reading/seat-map.ts', ['src/seats/reading/seat-map.spec.ts'], {
    "everybody's holds are one's own in the seat map": [
      'map.holds.filter((hold) => hold.holderId === viewerId)',
      'map.holds',
    ],
    "the tag of one's own map does not tell one's own holds": [
      '${forAll.etag} ${JSON.stringify(own)}',
      '${forAll.etag} own',
    ],
    'a hold marks the seat behind it': ["indexOf('}', start + name.length)", "indexOf('}', start + name.length + 60)"],
  }),
  ...mutantsIn('src/seats/reading/seat-map.ts', ['test/api/reading.e2e-spec.ts'], {
    'rows come in the order of their bytes': ['      .sort((a, b) => compareLabels(a.row, b.row));', ';'],
  }),
  ...mutantsIn('src/seats/seat-scene.ts', RACES, {
    'holds that were only told of may lapse before the commit': [
      '    const waitMs = this.noteDeadlines(command, decision, scene);\n',
      '    const waitMs: number = 0;\n',
      'combining across shows .*belongs to the instant',
    ],
    'no row in the ledger': [
      '      sendTransitions(transaction, this.transitions, seals, this.nowMs);\n',
      '',
      'one command a transaction .*400 people',
    ],
  }),
  ...mutantsIn('src/seats/deadline-guard.ts', ['test/expiry/near-deadline.e2e-spec.ts'], {
    'a command is decided by a hold that lapses before the commit': [
      'if (leftMs <= COMMIT_MARGIN_MS) return leftMs;',
      'if (leftMs <= 0) return leftMs;',
      'across shows .*is waited for',
    ],
  }),
  ...mutantsIn('src/seats/fair-queue.ts', ['src/seats/fair-queue.spec.ts'], {
    'one holder fills a batch while others wait': ['this.waiting.size > 1 ? maxOfHolder : max', 'max'],
  }),
  ...mutantsIn('src/seats/idempotency/stored-answers.ts', ['test/races/keys.e2e-spec.ts'], {
    'keys are stored in the order of arrival': ['.sort((a, b) => (a.order < b.order ? -1 : 1))', ''],
  }),
  ...mutantsIn('src/seats/deadline-guard.ts', INTERLEAVINGS, {
    'deadline guard removed': [
      '    if (deadlinesMs.length === 0) return;',
      '    if (deadlinesMs.length >= 0) return;',
      'a hold lapses between two steps',
    ],
  }),
  ...mutantsIn('src/platform/database/pipelined-transaction.ts', INTERLEAVINGS, {
    'a commit whose answer is lost is told to have failed': [
      '      throw new CommitUnknownError({ cause: error });',
      '      throw error;',
      'ann hold A1 A2 . ben hold A3 A2; number 1 is cut',
    ],
  }),
  ...mutantsIn('src/seats/idempotency/stored-answers.ts', ['test/api/idempotency.e2e-spec.ts'], {
    'key not scoped to the show': ['ON record.show_id IN (asked.show_id, 0) AND', 'ON'],
    'an answer of version 0.1 stands for every request under its key': [
      'WHERE (record.show_id > 0 OR fingerprint = request)',
      'WHERE record.show_id >= 0',
    ],
  }),
  ...mutantsIn('src/seats/seat-transitions.ts', ['src/seats/seat-decision.spec.ts'], {
    'a book charges what the seat costs now, not what the hold froze': [
      'return holdPrice ?? price;',
      'return holdPrice && price;',
    ],
  }),
  ...mutantsIn('src/seats/commands/block.ts', ['src/seats/seat-transitions.spec.ts'], {
    'a block takes over a live hold': ["    HELD_BY_ANOTHER: 'SEAT_HELD',", "    HELD_BY_ANOTHER: 'step',"],
  }),
  ...mutantsIn('src/seats/commands/hold.ts', ['src/seats/seat-transitions.spec.ts'], {
    'a blocked seat can be held': ["    BLOCKED: 'SEAT_BLOCKED',", "    BLOCKED: 'keep',"],
  }),
];
