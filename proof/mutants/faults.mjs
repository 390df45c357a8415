// Small faults, each of which some test must find. `find` must occur exactly once in the file: a fault that no longer fits
// the source is an error, not a pass. `only` picks tests by name where a whole file would wait too long for what can't come.

const SEATS = 'src/seats';
const RACES = ['test/races/races.e2e-spec.ts'];
const INTERLEAVINGS = ['test/races/interleavings.e2e-spec.ts'];

export const FAULTS = [
  {
    name: 'lock removed',
    file: `${SEATS}/seat-rows.ts`,
    find: "    .setLock('pessimistic_write');\n  return (onLocked ? query.setOnLocked(onLocked) : query).getQuery();",
    replace:
      "    ;\n  return (onLocked ? query.setLock('pessimistic_write').setOnLocked(onLocked) : query).getQuery();",
    tests: RACES,
    only: 'one command a transaction .*lapse while waiting',
  },
  {
    name: 'decision before the lock: seats are read first, and locked afterwards',
    file: `${SEATS}/seat-rows.ts`,
    find: `    const result = oneShow
      ? await transaction.send<SeatRow>(this.withinShow, [showIds[0], rows, numbers])
      : await transaction.send<SeatRow>(this.acrossShows, [showIds, rows, numbers]);`,
    replace: `    const early = transaction.send<SeatRow>(this.acrossShows.replace(/FOR UPDATE.*/, ''), [showIds, rows, numbers]);
    void (oneShow
      ? transaction.send<SeatRow>(this.withinShow, [showIds[0], rows, numbers])
      : transaction.send<SeatRow>(this.acrossShows, [showIds, rows, numbers]));
    const result = await early;`,
    tests: RACES,
  },
  {
    name: 'now() instead of the clock after the lock',
    file: `${SEATS}/seat-rows.ts`,
    find: 'SELECT floor(extract(epoch FROM clock_timestamp())',
    replace: 'SELECT floor(extract(epoch FROM now())',
    // The races alone would not see it: what it decides wrongly fails at the deadline guard, and is decided again.
    tests: INTERLEAVINGS,
    only: 'a hold lapses between two steps',
  },
  {
    name: 'clock read before the lock',
    file: `${SEATS}/seat-state-machine.ts`,
    find: `      this.lock.send(transaction, namedSeats(commands)),
      sendClock(transaction),`,
    replace: `      ...((clock) => [this.lock.send(transaction, namedSeats(commands)), clock] as const)(sendClock(transaction)),`,
    tests: INTERLEAVINGS,
    only: 'ann release A1 A2 . ben hold',
  },
  {
    name: 'lapse forgotten in the decision',
    file: `${SEATS}/seat-transitions.ts`,
    find: "      if (isLapsed(seat, nowMs)) return 'LAPSED';\n",
    replace: '',
    tests: ['src/seats/seat-transitions.spec.ts'],
  },
  {
    name: 'lapse forgotten in the seat map',
    file: `${SEATS}/seat-map.ts`,
    find: 'stored.hold_expires_at <= statement_timestamp() AS lapsed',
    replace: 'false AS lapsed',
    tests: ['test/expiry/expiry.e2e-spec.ts'],
  },
  {
    name: 'lapse forgotten in the counts of shows',
    file: `${SEATS}/seat-count-reader.ts`,
    find: /hold_expires_at <= statement_timestamp\(\)/,
    replace: 'false',
    tests: ['test/expiry/expiry.e2e-spec.ts', 'test/api/reading.e2e-spec.ts'],
  },
  {
    name: 'a hold lives one millisecond too long',
    file: `${SEATS}/seat-transitions.ts`,
    find: 'seat.holdExpiresAtMs <= nowMs',
    replace: 'seat.holdExpiresAtMs < nowMs',
    tests: ['src/seats/seat-transitions.spec.ts'],
  },
  {
    name: 'locks in opposite orders in two instances',
    file: `${SEATS}/seat-rows.ts`,
    find: ".orderBy({ 'seat.showId': 'ASC', 'seat.row': 'ASC', 'seat.number': 'ASC' })",
    // Each instance renders three such queries when it starts.
    replace:
      ".orderBy({ 'seat.number': Math.floor(((globalThis as { turn?: number }).turn = ((globalThis as { turn?: number }).turn ?? -1) + 1) / 3) % 2 ? 'ASC' : 'DESC' })",
    tests: RACES,
    only: 'one command a transaction .*opposite order',
  },
  {
    name: 'answer before commit',
    file: `${SEATS}/seat-state-machine.ts`,
    find: '      await transaction.commit();\n',
    replace: '      void transaction.commit().catch(() => undefined);\n',
    tests: ['test/races/races.e2e-spec.ts', 'test/operations/faults.e2e-spec.ts', 'test/api/seat-commands.e2e-spec.ts'],
  },
  {
    name: 'idempotency record outside the transaction',
    file: `${SEATS}/seat-state-machine.ts`,
    find: '    if (this.newAnswers.length > 0) sendNewAnswers(transaction, this.newAnswers, this.nowMs);',
    replace: '    if (this.newAnswers.length > 0) setTimeout(() => undefined, 0);',
    tests: ['test/api/idempotency.e2e-spec.ts'],
  },
  {
    name: 'key not scoped to the holder',
    file: `${SEATS}/idempotency.ts`,
    find: `FROM idempotency_record
      WHERE (holder_id, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    replace: `FROM (SELECT asked.holder_id, key, fingerprint, outcome, created_at
               FROM idempotency_record JOIN unnest($1::text[], $2::text[]) AS asked(holder_id, key) USING (key)) AS found`,
    tests: ['test/api/idempotency.e2e-spec.ts'],
  },
  {
    name: 'fingerprint without the seats',
    file: `${SEATS}/idempotency.ts`,
    find: '[...seats].sort(compareSeats).map(({ row, number }) => [row, number])',
    replace: 'seats.length',
    tests: ['src/seats/idempotency/idempotency.spec.ts'],
  },
  {
    name: 'batch acknowledged in part: refused seats are left out',
    file: `${SEATS}/seat-decision.ts`,
    find: '  if (refusals.length > 0) {',
    replace: '  if (refusals.length === seats.length) {',
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: 'only the first refused seat is told',
    file: `${SEATS}/seat-decision.ts`,
    find: "refused(command.name === 'hold' ? 'SEAT_UNAVAILABLE' : 'NOT_YOUR_HOLD', refusals)",
    replace: "refused(command.name === 'hold' ? 'SEAT_UNAVAILABLE' : 'NOT_YOUR_HOLD', refusals.slice(0, 1))",
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: 'one failure fails all that were combined with it',
    file: `${SEATS}/seat-command-queue.ts`,
    find: '        await this.separate(batch, error);',
    replace: '        this.giveUp(batch, error);',
    tests: ['test/races/combining.e2e-spec.ts'],
  },
  {
    name: 'commands of one transaction do not see each other',
    file: `${SEATS}/seat-state-machine.ts`,
    find: '      this.seats.set(key, seat);\n      if (seat.status',
    replace: '      if (seat.status',
    tests: ['test/races/combining.e2e-spec.ts'],
    only: 'each command sees the effect',
  },
  {
    name: 'sweep without looking again under the lock',
    file: `${SEATS}/seat-transitions.ts`,
    find: "    HELD_BY_ANOTHER: keep,\n    LAPSED: to('AVAILABLE'),",
    replace: "    HELD_BY_ANOTHER: to('AVAILABLE'),\n    LAPSED: to('AVAILABLE'),",
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
    file: `${SEATS}/seat-command-queue.ts`,
    find: '      if (error instanceof CommitUnknownError) {',
    replace:
      '      if (error instanceof CommitUnknownError) {\n        if (attempt < MAX_ATTEMPTS) return this.attempt(batch, attempt + 1);',
    tests: ['test/races/combining.e2e-spec.ts', 'test/operations/faults.e2e-spec.ts'],
  },
  {
    name: 'deadline from the clock of the application',
    file: `${SEATS}/seat-decision.ts`,
    find: 'holdExpiresAtMs: scene.nowMs + scene.holdTtlMs,',
    replace: 'holdExpiresAtMs: Date.now() + scene.holdTtlMs,',
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: 'deadline moved by holding again',
    file: `${SEATS}/seat-transitions.ts`,
    find: "  hold: {\n    AVAILABLE: to('HELD'),\n    HELD_BY_ME: keep,",
    replace: "  hold: {\n    AVAILABLE: to('HELD'),\n    HELD_BY_ME: to('HELD'),",
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
    file: `${SEATS}/seat-decision.ts`,
    find: '.filter((hold) => hold.holdExpiresAtMs > scene.nowMs).length',
    replace: '.length',
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: 'a second booking for a repeated book',
    file: `${SEATS}/seat-decision.ts`,
    find: "if (repeatedBookingId !== undefined) return { kind: 'repeated-booking', bookingId: repeatedBookingId };",
    replace: 'void repeatedBookingId;',
    tests: ['src/seats/seat-decision.spec.ts'],
  },
  {
    name: "everybody's holds are one's own in the seat map",
    file: `${SEATS}/seat-map.ts`,
    find: 'const own = viewerId !== null && holderId === viewerId',
    replace: 'const own = viewerId !== null',
    tests: ['src/seats/reading/seat-map.spec.ts'],
  },
  {
    name: 'holds that were only told of may lapse before the commit',
    file: `${SEATS}/seat-state-machine.ts`,
    find: '    scene.relyOn(command, decision);\n',
    replace: '',
    tests: RACES,
    only: 'combining across shows .*belongs to the instant',
  },
  {
    name: 'no row in the ledger',
    file: `${SEATS}/seat-state-machine.ts`,
    find: '      sendTransitions(transaction, this.transitions, this.nowMs);\n',
    replace: '',
    tests: RACES,
    only: 'one command a transaction .*400 people',
  },
  {
    name: 'deadline guard removed',
    file: `${SEATS}/seat-state-machine.ts`,
    find: '    if (deadlinesMs.length > 0) sendDeadlineGuard(transaction, Math.min(...deadlinesMs));',
    replace: '    void deadlinesMs;\n    void sendDeadlineGuard;',
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
];
