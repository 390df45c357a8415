import { mutantsIn } from './mutants-in.mjs';

const TOKEN_TEST = ['src/identity/access-token.service.spec.ts'];
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
  ...mutantsIn('src/identity/own-tokens.ts', TOKEN_TEST, {
    'new tokens are signed with a former secret': ['= keyId(secret);', '= keyId(previousSecrets[0] ?? secret);'],
    'a guest can pass for a user': [' || kind !== payload.kind)', ')'],
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
      "access === 'public' && authorization === undefined",
      "access === 'public'",
    ],
    'a route that needs a role is open where its controller is': [
      'role ? undefined : this.reflector',
      'this.reflector',
    ],
  }),
];
