import { mutantsIn } from './mutants-in.mjs';

const TOKEN_TEST = ['src/identity/access-token.service.spec.ts'];
const IDENTITY_TEST = ['test/api/identity.e2e-spec.ts'];

export const IDENTITY = [
  ...mutantsIn('src/identity/external-tokens.ts', TOKEN_TEST, {
    'a token for another audience is accepted': ['      audience: this.audience,\n', ''],
    'a token without an end is accepted': ["requiredClaims: ['exp', 'sub']", "requiredClaims: ['sub']"],
    "a provider's user can have the id of one of ours": ['id: `external:${subject}`', 'id: subject'],
    'a withdrawn key stays in use as long as its tokens': [
      'Math.min(payload.exp! * 1_000, Date.now() + KEYS_MAX_AGE_MS)',
      'payload.exp! * 1_000',
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
      'await this.passwords.verify(user?.passwordHash, password)',
      'user !== null && (await this.passwords.verify(user.passwordHash, password))',
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
