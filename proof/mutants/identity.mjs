import { mutantsIn } from './mutants-in.mjs';

const TOKEN_TEST = ['src/identity/access-token.service.spec.ts'];
const SESSIONS_TEST = ['test/api/sessions.e2e-spec.ts'];
const TAKEOVER_TEST = ['test/api/takeover.e2e-spec.ts'];
const TAKEOVER_RACES = ['test/races/takeover.e2e-spec.ts'];
const IDENTITY_TEST = ['test/api/identity.e2e-spec.ts'];

export const IDENTITY = [
  ...mutantsIn('src/identity/external-tokens.ts', TOKEN_TEST, {
    'a token for another audience is accepted': ['      audience: this.settings.audience,\n', ''],
    'a token without an end is accepted': ["requiredClaims: ['exp', 'sub']", "requiredClaims: ['sub']"],
    "a provider's user can have the id of one of ours": [
      'id: `${this.idPrefix}${subjectOf(payload)}`',
      'id: subjectOf(payload)',
    ],
    'the people of two providers are the same': ['`external:${shortOf(settings.issuer)}:`', "'external:'"],
    'all objects as subjects are one holder': ["typeof sub !== 'string' || sub === ''", "!sub || sub === ''"],
    'a logout token gives access': ["if ('events' in payload)", "if ('event' in payload)"],
    'an ID token gives access': ['if (isIdToken)', 'if (isIdToken && false)'],
    'every provider can make administrators': ['if (rolesClaim === undefined) return false;', ''],
    'a withdrawn key stays in use as long as its tokens': [
      'Math.min((payload.exp! + CLOCK_TOLERANCE_SECONDS) * 1_000, Date.now() + KEYS_MAX_AGE_MS)',
      '(payload.exp! + CLOCK_TOLERANCE_SECONDS) * 1_000',
    ],
  }),
  ...mutantsIn('src/identity/provider-keys.ts', TOKEN_TEST, {
    'an outage of ten minutes stops all people of the provider': ['24 * 3_600_000', 'KEYS_MAX_AGE_MS'],
    'each request asks a provider that is away': ['if (Date.now() < this.failedAtMs + coolDownMs) return;', ''],
    'an outage is logged with every failure': ['if (this.awaySinceMs !== undefined) return;', ''],
  }),
  ...mutantsIn('src/identity/fair-turns.ts', ['src/identity/fair-turns.spec.ts'], {
    'one client can keep the hashing to itself': [
      'if (line) line.push({ begin, refuse });',
      'if (line) line.push({ begin, refuse });\n      else if (this.lines.size > 0) this.lines.values().next().value!.push({ begin, refuse });',
    ],
    'a full line keeps newcomers out': ['longest.line.length < ownLength + 2', 'longest.line.length >= 0'],
  }),
  ...mutantsIn('src/identity/login-delays.ts', ['src/identity/login-delays.spec.ts'], {
    'guessing at a name from many addresses is not slowed down': [
      'if (attempt <= FREE_ATTEMPTS) return 0;',
      'return 0;',
    ],
    'an attack holds back those that log in from where they always do': [
      ' || this.known.has(`${address} ${name}`)',
      '',
    ],
  }),
  ...mutantsIn('src/identity/sign-in.ts', IDENTITY_TEST, {
    'logins with a user name in another case are counted apart': [
      'const name = username.toLowerCase();',
      'const name = username;',
      'request limits',
    ],
    'one password can be tried at any number of names': [
      '    this.limits.countAddress(LOGINS_OF_ADDRESS, ip);\n',
      '',
      'request limits',
    ],
  }),
  ...mutantsIn('src/identity/own-keys.ts', TOKEN_TEST, {
    'new tokens are signed with a former secret': ['= keyId(secret);', '= keyId(previousSecrets[0] ?? secret);'],
  }),
  ...mutantsIn('src/identity/own-tokens.ts', TOKEN_TEST, {
    'a guest can pass for a user': [' || kind !== payload.kind)\n', ')\n'],
  }),
  ...mutantsIn('src/identity/verified-tokens.ts', ['src/identity/verified-tokens.spec.ts'], {
    'a remembered token outlives itself by a millisecond': [
      'nowMs >= verified.validUntilMs',
      'nowMs > verified.validUntilMs',
    ],
  }),
  ...mutantsIn('src/identity/users.service.ts', IDENTITY_TEST, {
    'the time of a login tells whether there is such a user': [
      'await this.passwords.verify(user?.passwordHash, password, line)',
      'user !== null && (await this.passwords.verify(user.passwordHash, password, line))',
      'how long it takes',
    ],
    'the same user name can be registered twice, in another case': [
      '      username: username.toLowerCase(),\n',
      '      username,\n',
    ],
  }),
  ...mutantsIn('src/identity/auth.guard.ts', ['src/identity/auth.guard.spec.ts'], {
    'an invalid token counts as none where none is needed': [
      '(authorization === undefined || isOfAnotherScheme(authorization))',
      'true',
    ],
    'a token without its scheme counts as none': ['[A-Za-z][A-Za-z0-9-]* +\\S/i', '/i'],
    'a route that needs a role is open where its controller is': [
      'role ? undefined : this.reflector',
      'this.reflector',
    ],
  }),
  ...mutantsIn('src/identity/refresh-tokens.ts', SESSIONS_TEST, {
    'a refresh token is good as an access token': ['= `${OWN_ISSUER}/refresh`', '= OWN_ISSUER', 'is no access token'],
  }),
  ...mutantsIn('src/identity/sessions.ts', SESSIONS_TEST, {
    'a refresh does not use the token up': [
      'SET rotation = $3 + 1, rotated_at',
      'SET rotation = $3, rotated_at',
      'again and again',
    ],
    'a used refresh token is refused, and its session goes on': [
      '    await this.end({ ...holder, sessionId });\n',
      '',
      'sent again later',
    ],
    'a used refresh token is good for as long as its session': [
      'session.rotation === rotation + 1 && session.is_fresh',
      'session.rotation === rotation + 1',
      'sent again later',
    ],
    'a retry ends the session': ['session.rotation === rotation + 1 && session.is_fresh', 'false', 'lost answer'],
    'any earlier refresh token is taken for a retry': [
      'session.rotation === rotation + 1 && session.is_fresh',
      'session.is_fresh',
      'two refreshes back',
    ],
    'an ended session of a guest begins anew': ['AND ended_at IS NULL AND', 'AND', 'log-out'],
    'the session of a guest ends without a row': [
      "      if (holder.kind === 'guest') await this.endGuest(manager, sessionId, holder.id);\n      else await",
      '      await',
      'log-out',
    ],
    'a restored database ends all sessions': ['AND rotation <= $3', 'AND rotation = $3', 'set back'],
    'a login beside a new password goes on': [
      '!holder || holder.tokenVersion !== claims.holder.tokenVersion',
      '!holder',
      'goes nowhere',
    ],
    'a shorter lifetime binds new tokens only': [' <= Date.now())', ' <= 0)', 'no longer than the setting'],
    'a user has any number of sessions': ['OFFSET $2)', 'OFFSET $2 + 1000)', 'so many sessions'],
    'the session that was used last ends': [
      'ORDER BY rotated_at DESC, id OFFSET',
      'ORDER BY rotated_at, id OFFSET',
      'so many sessions',
    ],
  }),
  ...mutantsIn('src/identity/revocations.ts', ['src/identity/revocations.spec.ts'], {
    'new tokens are withdrawn with the old ones': ['?? 0) < minVersion', '?? 0) <= minVersion'],
    'an earlier withdrawal takes back a later one': [
      '    if (minVersion < (subjects.get(subject)?.minVersion ?? 0)) return;\n',
      '',
    ],
    'log-outs take any room': ['if (subjects.size > this.subjectsMax)', 'if (subjects.size < 0)'],
    'a flood of log-outs brings deleted users back': [
      'subject.startsWith(SESSION) ? this.sessions : this.holders',
      'this.sessions',
    ],
  }),
  ...mutantsIn('src/identity/revocation-log.ts', SESSIONS_TEST, {
    'an instance forgets all withdrawals when it starts': [
      '    await this.read();\n  }\n\n  /** Writes',
      '  }\n\n  /** Writes',
      'was not there',
    ],
    'instances hear of no withdrawal': ['      this.revocations.add({ subject,', '      void ({ subject,', 'log-out'],
    'a withdrawal that becomes visible late is missed': [
      'OVERLAP_SECONDS = 30',
      'OVERLAP_SECONDS = 0',
      'visible behind',
    ],
  }),
  ...mutantsIn('src/identity/access-token.service.ts', SESSIONS_TEST, {
    'a withdrawn token is good where it was remembered': [
      '    if (this.revocations.refuses(holder)) throw',
      '    if (!holder && this.revocations.refuses(holder)) throw',
      'deleted',
    ],
  }),
  ...mutantsIn('src/identity/users.service.ts', SESSIONS_TEST, {
    'the version of tokens stays with a new password': [
      'token_version = token_version + 1',
      'token_version = token_version',
      'new password',
    ],
    'of two new passwords the later one wins': [
      'WHERE id = $1 AND password_hash = $2',
      'WHERE id = $1 AND $2 = $2',
      'too late',
    ],
  }),
  ...mutantsIn('src/identity/accounts.ts', SESSIONS_TEST, {
    'the tokens of a deleted user live on elsewhere': [
      'this.withdrawAll(manager, holder.id, EVERY_TOKEN)',
      'this.withdrawAll(manager, holder.id, 0)',
      'deleted',
    ],
  }),
  ...mutantsIn('src/identity/guest-takeovers.ts', TAKEOVER_TEST, {
    'a guest can be taken over by one user after the other': ['owner?.holder_id !== userId', '!owner', 'worthless'],
    'the bookings of the guest are left behind': [
      ', ...guests.map(({ guest_id: guestId }) => guestId)]',
      ']',
      'bookings',
    ],
    "the guest's refresh token goes on": [
      '    await this.sessions.endGuest(manager, session, guestId);\n',
      '',
      'worthless',
    ],
    "the guest's access token goes on": ['    this.revocations.add(revocation);\n', '', 'worthless'],
    'a guest that has logged out is taken over': [
      ' WHERE NOT EXISTS (SELECT FROM session WHERE id = $3 AND ended_at IS NOT NULL)',
      ' WHERE $3::uuid IS NOT NULL',
      'too late',
    ],
  }),
  ...mutantsIn('src/seats/guest-holds.ts', TAKEOVER_TEST, {
    'the holds of the guest are left behind': [
      'seat.holder_id = $1',
      "seat.holder_id = $1 || '!'",
      'takes the holds over',
    ],
    'holds of closed shows are sent for': [
      'WHERE show.sales_close_at > statement_timestamp()',
      'WHERE false',
      'takes the holds over',
    ],
  }),
  ...mutantsIn('src/seats/seat-command-route.ts', TAKEOVER_RACES, {
    'a hold that came late is lost': [
      'if (formerly !== undefined)',
      'if (formerly === holderId)',
      'decided behind the takeover is left',
    ],
  }),
  ...mutantsIn('src/seats/seat-decision.ts', ['src/seats/seat-decision.spec.ts'], {
    'a takeover takes free seats as well': [": 'HOLD_GONE';\n}", ': rule.effects[found];\n}', 'successor'],
    'a lapsed hold is taken over': [
      'isHeldBy(seat, command.successorOf, scene.nowMs) ? rule',
      'seat.holderId === command.successorOf ? rule',
      'successor',
    ],
  }),
];
