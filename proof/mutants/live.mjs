import { mutantsIn } from './mutants-in.mjs';

const LIVE_TEST = ['test/api/live.e2e-spec.ts'];
const TRUTH_TEST = ['test/api/live-truth.e2e-spec.ts'];

export const LIVE = [
  ...mutantsIn('src/live/change-channel.ts', LIVE_TEST, {
    'an instance that was alone does not hear that another joined': [
      "    this.hasPeers = true;\n    if ('seats' in message)",
      "    if ('seats' in message)",
      'on whichever instance',
    ],
  }),
  ...mutantsIn('src/live/change-message.ts', ['src/live/change-message.spec.ts'], {
    'a forged message is believed': ['message: isSigned ? message : hintOf(message)', 'message'],
    'anybody can sign': ['this.keys.some((key) => isSame(signature, mac(key, sender, body)))', 'true'],
    'the signature does not say who sent the message': ['update(`${sender}${body}`)', 'update(body)'],
    'a message that is no JSON ends the process': [
      '  } catch {\n    return undefined;',
      '  } catch (error) {\n    throw error;',
    ],
    'a hold without a deadline is let in': [' || (holderId !== null && expiresAtMs !== null)', ' || true'],
    'former secrets are not accepted': ['this.keys.some(', 'this.keys.slice(0, 1).some('],
  }),
  ...mutantsIn('src/live/show-feeds.ts', LIVE_TEST, {
    'open streams keep the server from stopping': ['this.each((feed) => feed.end());', '', 'do not keep a server'],
    'a show whose commit is in doubt is not looked at': [
      '    this.onShows(showIds);\n',
      '    void showIds;\n',
      'outcome is unknown',
    ],
    'the seats are looked at only when they are told of': [
      '(feed) => this.rereads.want(feed)',
      '() => undefined',
      'now and then',
    ],
  }),
  ...mutantsIn('src/live/show-feeds.ts', TRUTH_TEST, {
    'a watcher that takes nothing stays': ['      stream.cut();\n', '', 'take nothing'],
    'any number of seats is followed': ['if (seats >= watchedSeatsMax)', 'if (seats < 0)', 'by the seats'],
  }),
  ...mutantsIn('src/live/show-feed.ts', LIVE_TEST, {
    'an event with the seats of two holders is the same for both': [
      'event.hasOwn(viewerId) ? event.sendingTo(viewerId, this.nowMs()) : toAll',
      'toAll',
    ],
    'a client that comes back is sent the last event that it saw again': ['.slice(index + 1)', '.slice(index)'],
    'changes that come before the first read of the seats are lost': [
      '      if (this.loading) this.keepEarly(seats);\n',
      '',
    ],
    'a change comes before the snapshot': [
      '    this.flush();\n    this.watchers.add(watcher);\n',
      '    this.watchers.add(watcher);\n    this.flush();\n',
    ],
    'a seat that was added is unknown until the next look': [
      '    if (!this.live.merge(seats)) this.surroundings.wantRead(this);\n',
      '    this.live.merge(seats);\n',
      'was added',
    ],
  }),
  ...mutantsIn('src/live/show-feed.ts', TRUTH_TEST, {
    'each watcher has a rendering of its own': [
      'if (this.snapshotOfState?.id !== live.stateId) {',
      'if (live) {',
      'take nothing',
    ],
    'a gone show is watched for ever': [
      'else this.end(); // The show is gone: clients that come back are told so.',
      '',
      'no more',
    ],
    'an event from before a restore is taken for a state of now': [
      '    this.sentEvents.length = this.sentSeats = 0;\n',
      '',
      'restored',
    ],
  }),
  ...mutantsIn('src/live/live-seats.ts', ['src/live/live-seats.spec.ts'], {
    'a report that says nothing new is told again': [
      'known.seat.version < report.version',
      'known.seat.version <= report.version',
    ],
    'an older report replaces a newer one': [
      'known.seat.version < report.version',
      'known.seat.version !== report.version',
    ],
    'a hold lapses a millisecond late for watchers': ['holdExpiresAtMs! <= nowMs', 'holdExpiresAtMs! < nowMs'],
    'counts keep a seat where it was': ['    if (before) this.count(key, before, -1);\n', ''],
    'a read is merged like a report': [
      'known && known.report > mark && known.seat.version > read.version',
      'known && known.seat.version > read.version',
    ],
    'an old read undoes what was told meanwhile': [
      'known && known.report > mark && ',
      'known && known.report < mark && ',
    ],
    'a wrong report stays over every read': ['known.report > mark', 'known.report >= 1'],
    'a seat that is gone stays': ['      this.known.delete(key);\n      this.pending', '      this.pending'],
    'a renamed hall is nothing new': ['let inSteps = this.hall === map.screen;', 'let inSteps = true;'],
  }),
  ...mutantsIn('src/live/event-stream.ts', ['src/live/event-stream.spec.ts'], {
    'a client that has caught up is sent nothing any more': ['    this.behind = false;\n', ''],
    'slow watchers take any memory': [' || (this.unread.length > 0 && this.memory.isFull)', ''],
    'what waits for a broken connection is counted for ever': [
      'for (const event of this.unread.splice(0)) this.memory.remove(event);',
      'this.unread.splice(0);',
    ],
  }),
  ...mutantsIn('src/live/unread-bytes.ts', ['src/live/event-stream.spec.ts'], {
    'shared bytes count for each watcher': [
      '(takers === 0 ? shared.length : 0);\n  }\n\n  remove',
      'shared.length;\n  }\n\n  remove',
    ],
  }),
  ...mutantsIn('src/live/shared-event.ts', ['src/live/shared-event.spec.ts'], {
    "everybody's copy marks everybody's holds": [
      'viewerId === null ? [] : (this.ownParts.get(viewerId) ?? [])',
      '[...this.ownParts.values()].flat()',
    ],
  }),
  ...mutantsIn('src/live/stream-places.ts', ['src/live/stream-places.spec.ts'], {
    'an address may have any number of streams': ['>= most', '>= Infinity'],
    'a place is never free again': ['      this.open--;\n', ''],
    'each address that ever came is remembered': ['else this.taken.delete(group);', 'else this.taken.set(group, 0);'],
  }),
  ...mutantsIn('src/live/rereads.ts', ['src/live/rereads.spec.ts'], {
    'each hint is a read': ['      if (this.running.has(key)) continue;\n', ''],
    'who asks while a read runs gets none': [
      '    this.waiting.add(key);\n',
      '    if (!this.running.has(key)) this.waiting.add(key);\n',
    ],
  }),
  ...mutantsIn('src/live/activity.service.ts', LIVE_TEST, {
    "everybody's steps are one's own in the activity": [
      'viewerId !== null && entry.holder_id === viewerId',
      'viewerId !== null',
    ],
    'a lapse is dated by the sweep': ["CASE command WHEN '${LAPSE}' THEN hold_expires_at ELSE at END", 'at'],
    'the activity tells the deadlines of all holds': ['isMine ? entry.at : toTheMinute(entry.at)', 'entry.at'],
  }),
  ...mutantsIn('src/live/live.controller.ts', TRUTH_TEST, {
    'a stream outlives its token': ['viewer?.expiresAtMs === undefined', 'viewer', 'with the token'],
    'a refused stream keeps its place': [
      "      giveBack();\n      throw new Problem('SHOW_NOT_FOUND');",
      "      throw new Problem('SHOW_NOT_FOUND');",
      'takes no place',
    ],
  }),
  ...mutantsIn('src/database/migrations/1795780000000-reading.ts', ['test/operations/reads-scale.e2e-spec.ts'], {
    'a page of activity reads the whole ledger': ['ELSE "at" END))`', 'ELSE "at" END)) WHERE false`'],
  }),
];
