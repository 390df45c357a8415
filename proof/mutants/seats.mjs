// Small faults, each of which some test must find. `find` must occur exactly once in the file: a fault that no longer fits
// the source is an error, not a pass. `only` picks tests by name where a whole file would wait too long for what can't come.

const IN = 'src/seats';
const RACES = ['test/races/races.e2e-spec.ts'];
const INTERLEAVINGS = ['test/races/interleavings.e2e-spec.ts'];

export const SEATS = [
  {
    name: 'lock removed',
    file: `${IN}/seat-lock.ts`,
    find: "    .setLock('pessimistic_write');\n  return (onLocked ? query.setOnLocked(onLocked) : query).getQuery();",
    replace:
      "    ;\n  return (onLocked ? query.setLock('pessimistic_write').setOnLocked(onLocked) : query).getQuery();",
    tests: RACES,
    only: 'one command a transaction .*lapse while waiting',
  },
  {
    name: 'decision before the lock: seats are read first, and locked afterwards',
    file: `${IN}/seat-lock.ts`,
    find: `    const { rows: locked } = await (isOneShow
      ? transaction.send<SeatState>(this.withinShow, [showIds[0], rows, numbers])
      : transaction.send<SeatState>(this.acrossShows, [showIds, rows, numbers]));`,
    replace: `    const early = transaction.send<SeatState>(this.acrossShows.replace(/FOR UPDATE.*/, ''), [showIds, rows, numbers]);
    void (isOneShow
      ? transaction.send<SeatState>(this.withinShow, [showIds[0], rows, numbers])
      : transaction.send<SeatState>(this.acrossShows, [showIds, rows, numbers]));
    const { rows: locked } = await early;`,
    tests: RACES,
  },
  {
    name: 'now() instead of the clock after the lock',
    file: `${IN}/seat-lock.ts`,
    find: 'SELECT floor(extract(epoch FROM clock_timestamp())',
    replace: 'SELECT floor(extract(epoch FROM now())',
    tests: INTERLEAVINGS,
    only: 'a hold lapses between two steps',
  },
  {
    name: 'clock read before the lock',
    file: `${IN}/seat-scene.ts`,
    find: `      lock.send(transaction, namedSeats(commands)),
      sendClock(transaction),`,
    replace: `      ...((clock) => [lock.send(transaction, namedSeats(commands)), clock] as const)(sendClock(transaction)),`,
    tests: INTERLEAVINGS,
    only: 'ann release A1 A2 . ben hold',
  },
  {
    name: 'lapse forgotten in the decision',
    file: `${IN}/seat-transitions.ts`,
    find: "      if (isLapsed(seat, nowMs)) return 'LAPSED';\n",
    replace: '',
    tests: ['src/seats/seat-transitions.spec.ts'],
  },
  {
    name: 'lapse forgotten in every read',
    file: 'src/database/migrations/1795700000000-columns-and-checks.ts',
    find: 'seat.hold_expires_at <= statement_timestamp() AS lapsed',
    replace: 'false AS lapsed',
    tests: ['test/expiry/expiry.e2e-spec.ts'],
  },
  {
    name: 'lapse forgotten in the counts of shows',
    file: `${IN}/reading/seat-count-reader.ts`,
    find: 'FROM seat_now',
    replace: 'FROM seat',
    tests: ['test/expiry/expiry.e2e-spec.ts', 'test/api/reading.e2e-spec.ts'],
  },
  {
    name: 'a hold lives one millisecond too long',
    file: `${IN}/seat-transitions.ts`,
    find: 'seat.holdExpiresAtMs <= nowMs',
    replace: 'seat.holdExpiresAtMs < nowMs',
    tests: ['src/seats/seat-transitions.spec.ts'],
  },
  {
    name: 'locks in opposite orders in two instances',
    file: `${IN}/seat-lock.ts`,
    find: ".orderBy({ 'seat.showId': 'ASC', 'seat.row': 'ASC', 'seat.number': 'ASC' })",
    replace:
      ".orderBy({ 'seat.number': Math.floor(((globalThis as { turn?: number }).turn = ((globalThis as { turn?: number }).turn ?? -1) + 1) / 3) % 2 ? 'ASC' : 'DESC' })",
    tests: RACES,
    only: 'one command a transaction .*opposite order',
  },
  {
    name: 'answer before commit',
    file: 'src/platform/database/pipelined-transaction.ts',
    find: '    if (!transaction.isAbandoned) await transaction.commit();\n',
    replace: '    if (!transaction.isAbandoned) void transaction.commit().catch(() => undefined);\n',
    tests: ['test/races/races.e2e-spec.ts', 'test/operations/faults.e2e-spec.ts', 'test/api/seat-commands.e2e-spec.ts'],
  },
  {
    name: 'idempotency record outside the transaction',
    file: `${IN}/seat-scene.ts`,
    find: '    this.answers.write(transaction, this.nowMs);\n',
    replace: '',
    tests: ['test/api/idempotency.e2e-spec.ts'],
  },
  {
    name: 'key not scoped to the holder',
    file: `${IN}/idempotency/stored-answers.ts`,
    find: 'return `${showId} ${holderId} ${key}`;',
    replace: 'return `${showId} ${holderId && key}`;',
    tests: ['src/seats/idempotency/stored-answers.spec.ts'],
  },
  {
    name: 'fingerprint without the seats',
    file: `${IN}/seat-command.ts`,
    find: '[...seats].sort(compareSeats).map(({ row, number }) => [row, number])',
    replace: 'seats.length',
    tests: ['src/seats/idempotency/stored-answers.spec.ts'],
  },
  {
    name: 'batch acknowledged in part: refused seats are left out',
    file: `${IN}/seat-decision.ts`,
    find: '  if (refused.length > 0) return',
    replace: '  if (refused.length === seats.length) return',
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: 'only the first refused seat is told',
    file: `${IN}/seat-decision.ts`,
    find: 'refuse(rule.refusal, refused)',
    replace: 'refuse(rule.refusal, refused.slice(0, 1))',
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: 'one failure fails all that were combined with it',
    file: `${IN}/seat-command-queue.ts`,
    find: '        await this.separate(batch, error);',
    replace: '        this.giveUp(batch, error);',
    tests: ['test/races/combining.e2e-spec.ts'],
  },
  {
    name: 'commands of one transaction do not see each other',
    file: `${IN}/seat-scene.ts`,
    find: '    for (const seat of seats) this.seats.set(seatKey(seat.showId, seat), seat);\n',
    replace: '',
    tests: ['test/races/combining.e2e-spec.ts'],
    only: 'each command sees the effect',
  },
  {
    name: 'sweep without looking again under the lock',
    file: `${IN}/commands/expire.ts`,
    find: "    HELD_BY_ANOTHER: 'keep',",
    replace: "    HELD_BY_ANOTHER: 'step',",
    tests: ['src/seats/seat-decision.spec.ts', 'test/races/races.e2e-spec.ts'],
  },
  {
    name: 'a shared read that started before the question',
    file: 'src/platform/database/shared-read.ts',
    find: '    if (!state) return this.start(key);',
    replace: '    if (!state) return this.start(key);\n    if (state.current) return state.current;',
    tests: ['test/api/reading.e2e-spec.ts'],
  },
  {
    name: 'commit that may have happened is tried again',
    file: `${IN}/seat-command-queue.ts`,
    find: '      if (error instanceof CommitUnknownError) {',
    replace:
      '      if (error instanceof CommitUnknownError) {\n        if (attempt < MAX_ATTEMPTS) return this.attempt(batch, attempt + 1);',
    tests: ['test/races/combining.e2e-spec.ts', 'test/operations/faults.e2e-spec.ts'],
  },
  {
    name: 'deadline from the clock of the application',
    file: `${IN}/commands/hold.ts`,
    find: 'holdExpiresAtMs: scene.nowMs + scene.holdTtlMs,',
    replace: 'holdExpiresAtMs: Date.now() + scene.holdTtlMs,',
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: 'deadline moved by holding again',
    file: `${IN}/commands/hold.ts`,
    find: "    HELD_BY_ME: 'keep',",
    replace: "    HELD_BY_ME: 'step',",
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: 'going on in an aborted transaction: a failed statement is passed over',
    file: 'src/platform/database/pipelined-transaction.ts',
    find: '    if (failed) throw failed.reason;\n',
    replace: '    void failed;\n',
    tests: ['test/races/combining.e2e-spec.ts', 'test/races/races.e2e-spec.ts'],
  },
  {
    name: 'limit counts lapsed holds',
    file: `${IN}/commands/hold.ts`,
    find: 'holds.size - lapsed.length + wanted.length',
    replace: 'holds.size + wanted.length',
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: 'a second booking for a repeated book',
    file: `${IN}/seat-decision.ts`,
    find: "if (repeated !== undefined) return { kind: 'repeated-booking', bookingId: repeated };",
    replace: 'void repeated;',
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: "everybody's holds are one's own in the seat map",
    file: `${IN}/reading/seat-map.ts`,
    find: 'const own = viewerId !== null && holderId === viewerId',
    replace: 'const own = viewerId !== null',
    tests: ['src/seats/reading/seat-map.spec.ts'],
  },
  {
    name: 'holds that were only told of may lapse before the commit',
    file: `${IN}/seat-scene.ts`,
    find: '    this.noteDeadlines(command, decision, scene);\n',
    replace: '',
    tests: RACES,
    only: 'combining across shows .*belongs to the instant',
  },
  {
    name: 'no row in the ledger',
    file: `${IN}/seat-scene.ts`,
    find: '      sendTransitions(transaction, this.transitions, this.nowMs);\n',
    replace: '',
    tests: RACES,
    only: 'one command a transaction .*400 people',
  },
  {
    name: 'deadline guard removed',
    file: `${IN}/deadline-guard.ts`,
    find: '    if (deadlinesMs.length === 0) return;',
    replace: '    if (deadlinesMs.length >= 0) return;',
    tests: INTERLEAVINGS,
    only: 'a hold lapses between two steps',
  },
  {
    name: 'a commit whose answer is lost is told to have failed',
    file: 'src/platform/database/pipelined-transaction.ts',
    find: '      throw new CommitUnknownError({ cause: error });',
    replace: '      throw error;',
    tests: INTERLEAVINGS,
    only: 'ann hold A1 A2 . ben hold A3 A2; number 1 is cut',
  },
  {
    name: 'key not scoped to the show',
    file: `${IN}/idempotency/stored-answers.ts`,
    find: 'ON record.show_id IN (asked.show_id, 0) AND',
    replace: 'ON',
    tests: ['test/api/idempotency.e2e-spec.ts'],
  },
  {
    name: 'an answer of version 0.1 stands for every request under its key',
    file: `${IN}/idempotency/stored-answers.ts`,
    find: 'WHERE record.show_id > 0 OR fingerprint = request',
    replace: 'WHERE record.show_id >= 0',
    tests: ['test/api/idempotency.e2e-spec.ts'],
  },
  {
    name: 'a book charges what the seat costs now, not what the hold froze',
    file: `${IN}/seat-transitions.ts`,
    find: 'return holdPrice ?? price;',
    replace: 'return holdPrice && price;',
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: 'a block takes over a live hold',
    file: `${IN}/commands/block.ts`,
    find: "    HELD_BY_ANOTHER: 'SEAT_HELD',",
    replace: "    HELD_BY_ANOTHER: 'step',",
    tests: ['src/seats/seat-transitions.spec.ts'],
  },
  {
    name: 'a blocked seat can be held',
    file: `${IN}/commands/hold.ts`,
    find: "    BLOCKED: 'SEAT_BLOCKED',",
    replace: "    BLOCKED: 'keep',",
    tests: ['src/seats/seat-transitions.spec.ts'],
  },
  {
    name: 'a lapsed hold is taken over without its expiry in the ledger',
    file: `${IN}/seat-decision.ts`,
    find: 'const before = rule.from.includes(seat.status) ? seat : step(LAPSE, seat, {}, NOBODY, transitions);',
    replace:
      "const before = { ...seat, status: rule.from[0]!, holdExpiresAtMs: seat.status === 'HELD' && rule.from[0] !== 'HELD' ? null : seat.holdExpiresAtMs };",
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: 'sales are closed before the show is looked for',
    file: `${IN}/seat-decision.ts`,
    find: "  if (!scene.show) return refuse('SHOW_NOT_FOUND');",
    replace:
      "  if (rule.needsOpenSales && !scene.show?.salesOpen) return refuse('SALES_CLOSED');\n  if (!scene.show) return refuse('SHOW_NOT_FOUND');",
    tests: ['src/seats/seat-decision.spec.ts'],
  },
];
