import { mutantsIn } from './mutants-in.mjs';

const RACES = ['test/races/races.e2e-spec.ts'];
const INTERLEAVINGS = ['test/races/interleavings.e2e-spec.ts'];

export const SEATS = [
  ...mutantsIn('src/seats/seat-rows.ts', RACES, {
    'lock removed': [
      "    .setLock('pessimistic_write');\n  return (onLocked ? query.setOnLocked(onLocked) : query).getQuery();",
      "    ;\n  return (onLocked ? query.setLock('pessimistic_write').setOnLocked(onLocked) : query).getQuery();",
      'one command a transaction .*lapse while waiting',
    ],
    'decision before the lock: seats are read first, and locked afterwards': [
      `    const result = oneShow
      ? await transaction.send<SeatRow>(this.withinShow, [showIds[0], rows, numbers])
      : await transaction.send<SeatRow>(this.acrossShows, [showIds, rows, numbers]);`,
      `    const early = transaction.send<SeatRow>(this.acrossShows.replace(/FOR UPDATE.*/, ''), [showIds, rows, numbers]);
    void (oneShow
      ? transaction.send<SeatRow>(this.withinShow, [showIds[0], rows, numbers])
      : transaction.send<SeatRow>(this.acrossShows, [showIds, rows, numbers]));
    const result = await early;`,
    ],
    'locks in opposite orders in two instances': [
      ".orderBy({ 'seat.showId': 'ASC', 'seat.row': 'ASC', 'seat.number': 'ASC' })",
      ".orderBy({ 'seat.number': Math.floor(((globalThis as { turn?: number }).turn = ((globalThis as { turn?: number }).turn ?? -1) + 1) / 3) % 2 ? 'ASC' : 'DESC' })",
      'one command a transaction .*opposite order',
    ],
  }),
  ...mutantsIn('src/seats/seat-rows.ts', INTERLEAVINGS, {
    'now() instead of the clock after the lock': [
      'SELECT floor(extract(epoch FROM clock_timestamp())',
      'SELECT floor(extract(epoch FROM now())',
      'a hold lapses between two steps',
    ],
  }),
  ...mutantsIn('src/seats/seat-state-machine.ts', INTERLEAVINGS, {
    'clock read before the lock': [
      '      this.lock.send(transaction, namedSeats(commands)),\n      sendClock(transaction),',
      '      ...((clock) => [this.lock.send(transaction, namedSeats(commands)), clock] as const)(sendClock(transaction)),',
      'ann release A1 A2 . ben hold',
    ],
    'deadline guard removed': [
      '    if (deadlinesMs.length > 0) sendDeadlineGuard(transaction, Math.min(...deadlinesMs));',
      '    void deadlinesMs;\n    void sendDeadlineGuard;',
      'a hold lapses between two steps',
    ],
  }),
  ...mutantsIn('src/seats/seat-transitions.ts', ['src/seats/seat-transitions.spec.ts'], {
    'lapse forgotten in the decision': ["      if (isLapsed(seat, nowMs)) return 'LAPSED';\n", ''],
    'a hold lives one millisecond too long': ['seat.holdExpiresAtMs <= nowMs', 'seat.holdExpiresAtMs < nowMs'],
  }),
  ...mutantsIn('src/seats/reading/seat-map.ts', ['test/expiry/expiry.e2e-spec.ts'], {
    'lapse forgotten in the seat map': ['stored.hold_expires_at <= statement_timestamp() AS lapsed', 'false AS lapsed'],
  }),
  ...mutantsIn(
    'src/seats/reading/seat-count-reader.ts',
    ['test/expiry/expiry.e2e-spec.ts', 'test/api/reading.e2e-spec.ts'],
    { 'lapse forgotten in the counts of shows': [/hold_expires_at <= statement_timestamp\(\)/, 'false'] },
  ),
  ...mutantsIn(
    'src/seats/seat-state-machine.ts',
    ['test/races/races.e2e-spec.ts', 'test/operations/faults.e2e-spec.ts', 'test/api/seat-commands.e2e-spec.ts'],
    {
      'answer before commit': [
        '      await transaction.commit();\n',
        '      void transaction.commit().catch(() => undefined);\n',
      ],
    },
  ),
  ...mutantsIn('src/seats/seat-state-machine.ts', ['test/api/idempotency.e2e-spec.ts'], {
    'idempotency record outside the transaction': [
      '    if (this.newAnswers.length > 0) sendNewAnswers(transaction, this.newAnswers, this.nowMs);',
      '    if (this.newAnswers.length > 0) setTimeout(() => undefined, 0);',
    ],
  }),
  ...mutantsIn('src/seats/idempotency/idempotency.ts', ['test/api/idempotency.e2e-spec.ts'], {
    'key not scoped to the holder': [
      'FROM idempotency_record\n      WHERE (holder_id, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))',
      'FROM (SELECT asked.holder_id, key, fingerprint, outcome, created_at\n               FROM idempotency_record JOIN unnest($1::text[], $2::text[]) AS asked(holder_id, key) USING (key)) AS found',
    ],
  }),
  ...mutantsIn('src/seats/idempotency/idempotency.ts', ['src/seats/idempotency/idempotency.spec.ts'], {
    'fingerprint without the seats': [
      '[...seats].sort(compareSeats).map(({ row, number }) => [row, number])',
      'seats.length',
    ],
  }),
  ...mutantsIn('src/seats/seat-decision.ts', ['src/seats/seat-decision.spec.ts'], {
    'batch acknowledged in part: refused seats are left out': [
      '  if (refusals.length > 0) {',
      '  if (refusals.length === seats.length) {',
    ],
    'only the first refused seat is told': [
      "refused(command.name === 'hold' ? 'SEAT_UNAVAILABLE' : 'NOT_YOUR_HOLD', refusals)",
      "refused(command.name === 'hold' ? 'SEAT_UNAVAILABLE' : 'NOT_YOUR_HOLD', refusals.slice(0, 1))",
    ],
    'deadline from the clock of the application': [
      'holdExpiresAtMs: scene.nowMs + scene.holdTtlMs,',
      'holdExpiresAtMs: Date.now() + scene.holdTtlMs,',
    ],
    'limit counts lapsed holds': ['.filter((hold) => hold.holdExpiresAtMs > scene.nowMs).length', '.length'],
    'a second booking for a repeated book': [
      "if (repeatedBookingId !== undefined) return { kind: 'repeated-booking', bookingId: repeatedBookingId };",
      'void repeatedBookingId;',
    ],
  }),
  ...mutantsIn('src/seats/seat-command-queue.ts', ['test/races/combining.e2e-spec.ts'], {
    'one failure fails all that were combined with it': [
      '        await this.separate(batch, error);',
      '        this.giveUp(batch, error);',
    ],
  }),
  ...mutantsIn('src/seats/seat-state-machine.ts', ['test/races/combining.e2e-spec.ts'], {
    'commands of one transaction do not see each other': [
      '      this.seats.set(key, seat);\n      if (seat.status',
      '      if (seat.status',
      'each command sees the effect',
    ],
  }),
  ...mutantsIn('src/seats/seat-transitions.ts', ['src/seats/seat-decision.spec.ts', 'test/races/races.e2e-spec.ts'], {
    'sweep without looking again under the lock': [
      "    HELD_BY_ANOTHER: keep,\n    LAPSED: to('AVAILABLE'),",
      "    HELD_BY_ANOTHER: to('AVAILABLE'),\n    LAPSED: to('AVAILABLE'),",
    ],
  }),
  ...mutantsIn('src/platform/database/shared-read.ts', ['test/api/reading.e2e-spec.ts'], {
    'a shared read that started before the question': [
      '    if (!state) return this.start(key);',
      '    if (!state) return this.start(key);\n    if (state.current) return state.current;',
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
  ...mutantsIn('src/seats/seat-transitions.ts', ['src/seats/seat-decision.spec.ts'], {
    'deadline moved by holding again': [
      `  hold: {
    AVAILABLE: to('HELD'),
    HELD_BY_ME: keep,`,
      `  hold: {
    AVAILABLE: to('HELD'),
    HELD_BY_ME: to('HELD'),`,
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
      'const own = viewerId !== null && holderId === viewerId',
      'const own = viewerId !== null',
    ],
  }),
  ...mutantsIn('src/seats/seat-state-machine.ts', RACES, {
    'holds that were only told of may lapse before the commit': [
      '    scene.relyOn(command, decision);\n',
      '',
      'combining across shows .*belongs to the instant',
    ],
    'no row in the ledger': [
      '      sendTransitions(transaction, this.transitions, this.nowMs);\n',
      '',
      'one command a transaction .*400 people',
    ],
  }),
  ...mutantsIn('src/platform/database/pipelined-transaction.ts', INTERLEAVINGS, {
    'a commit whose answer is lost is told to have failed': [
      '      throw new CommitUnknownError({ cause: error });',
      '      throw error;',
      'ann hold A1 A2 . ben hold A3 A2; number 1 is cut',
    ],
  }),
];
