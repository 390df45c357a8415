import { mutantsIn } from './mutants-in.mjs';

const LIVE_TEST = ['client/live-seats.spec.ts'];

export const CLIENT = [
  ...mutantsIn('client/seat-merge.ts', ['client/seat-merge.spec.ts'], {
    'the client keeps the older version': ['report.version > known.version', 'report.version < known.version'],
    "the client does not learn of a hold that it is one's own": [
      'return report.version === known.version && detailOf(report) > detailOf(known);',
      'return false;',
    ],
    'a snapshot keeps what the show has no more': ['    this.known.clear();\n', ''],
    'a snapshot undoes the answer that came while it was on its way': ['isNewer(seatKey(seat), seat.version) || ', ''],
    'a higher version that was known survives every snapshot': ['(this.reportedAs.get(key) ?? 0) > mark && ', ''],
    "a snapshot of everybody's seats takes the deadline off one's own": [
      ' || (saysTheSame(known, seat) && saysMore(known, seat))',
      '',
    ],
    'a hold lapses a millisecond late in the client': [
      'Date.parse(expiresAt) <= nowMs',
      'Date.parse(expiresAt) < nowMs',
    ],
  }),
  ...mutantsIn('client/event-parser.ts', ['client/event-parser.spec.ts'], {
    'an event whose end comes in the next piece is lost': [
      '    this.rest = lines.pop()!;\n',
      "    this.rest = '';\n    lines.pop();\n",
    ],
    'lines that end like those of Windows are not understood': [
      "line.endsWith('\\r') ? line.slice(0, -1) : line",
      'line',
    ],
  }),
  ...mutantsIn('client/server-clock.ts', ['client/server-clock.spec.ts'], {
    'the slowest answer sets the clock': ['offsetMs > this.offsetMs', 'offsetMs < this.offsetMs'],
  }),
  ...mutantsIn('client/live-seats.ts', LIVE_TEST, {
    'a client that comes back does not say what it has seen': ['    this.lastEventId = id;\n', '    void id;\n'],
    'a client asks an absent server as often as ever': ['FIRST_RETRY_MS * 2 ** (attempt - 1)', 'FIRST_RETRY_MS'],
    'silence is not taken for a lost connection': [
      "() => connection.abort(new Error('The server has gone silent.'))",
      '() => undefined',
    ],
    'a client asks for a show that does not exist for ever': [
      'if (response.status === 404) throw new NoSuchShow();\n',
      '',
    ],
    'a stream whose token expired looks like a failure': [
      "if (end === 'token expired' &&",
      "if (end === 'ended' && signal.aborted &&",
    ],
    'a snapshot is merged like a report': [
      "if (type === 'seats') return",
      "if (type !== 'seats' || screen === undefined) return",
    ],
    'a refused token is sent again': ['      if (response.status === 401) onTokenRefused?.();\n', ''],
  }),
];
