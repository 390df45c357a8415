import { mutantsIn } from './mutants-in.mjs';

const LIVE_TEST = ['test/api/live.e2e-spec.ts'];

export const LIVE = [
  ...mutantsIn('src/live/change-channel.ts', LIVE_TEST, {
    'an instance that was alone does not hear that another joined': [
      "    this.hasPeers = true;\n    if ('seats' in message)",
      "    if ('seats' in message)",
      'on whichever instance',
    ],
  }),
  ...mutantsIn('src/live/show-feeds.ts', LIVE_TEST, {
    'an event with the seats of two holders is rendered for the wrong one': [
      'owners.has(viewerId) ? this.render(event, viewerId)',
      'owners.has(viewerId) ? this.render(event, [...owners].find((id) => id !== null)!)',
    ],
    'a client that comes back is sent the last event that it saw again': ['.slice(index + 1)', '.slice(index)'],
    'open streams keep the server from stopping': ['this.each((feed) => feed.end());', '', 'do not keep a server'],
    'a show whose commit is in doubt is not looked at': [
      '    this.onShows(showIds);\n',
      '    void showIds;\n',
      'outcome is unknown',
    ],
    'the seats are looked at only when they are told of': [
      '(feed) => feed.refresh()',
      '() => undefined',
      'now and then',
    ],
    'changes that come before the first read of the seats are lost': ['this.early.push(...seats)', 'void seats'],
  }),
  ...mutantsIn('src/live/live-seats.ts', ['src/live/live-seats.spec.ts'], {
    'a report that says nothing new is told again': [
      'known.version >= report.version',
      'known.version > report.version',
    ],
    'an older report replaces a newer one': ['known.version >= report.version', 'known.version === report.version'],
    'a hold lapses a millisecond late for watchers': ['holdExpiresAtMs <= nowMs', 'holdExpiresAtMs < nowMs'],
    'counts keep a seat where it was': ['      this.count(known, -1);\n', ''],
  }),
  ...mutantsIn('src/live/event-stream.ts', ['src/live/event-stream.spec.ts'], {
    'a client that has caught up is sent nothing any more': ['      this.behind = false;\n', ''],
  }),
  ...mutantsIn('src/live/activity.service.ts', LIVE_TEST, {
    "everybody's steps are one's own in the activity": [
      'viewerId !== null && entry.holder_id === viewerId',
      'viewerId !== null',
    ],
    'a lapse is dated by the sweep': ["CASE command WHEN '${LAPSE}' THEN hold_expires_at ELSE at END", 'at'],
  }),
  ...mutantsIn('src/database/migrations/1795780000000-reading.ts', ['test/operations/reads-scale.e2e-spec.ts'], {
    'a page of activity reads the whole ledger': ['ELSE "at" END))`', 'ELSE "at" END)) WHERE false`'],
  }),
];
