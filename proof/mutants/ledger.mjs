import { mutantsIn } from './mutants-in.mjs';

const TAMPER_TEST = ['test/operations/tamper.e2e-spec.ts'];
/** The one of them that says that nothing is wrong where nothing is. */
const SOUND = 'falsified ledger nothing$';

export const LEDGER = [
  ...mutantsIn('src/seats/seat-seals.ts', TAMPER_TEST, {
    'a seal does not build on the one before it': [
      'this.last.get(key) ?? null,\n        step.showId',
      'null,\n        step.showId',
      SOUND,
    ],
    'the actor of a step is not sealed': ['        step.actorId,\n', '', SOUND],
    'the price of a step is not sealed': ['        step.price,\n', '', SOUND],
    'a later step in one transaction builds on the seal of the lock': ['      this.last.set(key, seal);\n', '', SOUND],
  }),
  ...mutantsIn('src/ledger/ledger-chain.ts', TAMPER_TEST, {
    'verify takes every seal for the first of its seat': [
      '      this.last,\n      showId',
      '      null,\n      showId',
      SOUND,
    ],
    'verify takes wrong seals': [
      "if (verdict === 'wrong')",
      'if (verdict === undefined)',
      'a live hold, in every table',
    ],
    'verify takes seals of unknown keys': [
      "if (verdict === 'unknown key')",
      'if (verdict === undefined)',
      'made-up seal',
    ],
    'verify does not look at the seal that a seat carries': [
      'storedSeal === this.last',
      'storedSeal !== undefined',
      'the seal of a seat',
    ],
  }),
  ...mutantsIn('src/bookings/booking-rows.ts', TAMPER_TEST, {
    'the total of a booking is not sealed': [
      '    booking.totalPaid,\n    booking.currency,\n    booking.bookedAtMs,',
      '    booking.currency,\n    booking.bookedAtMs,',
      SOUND,
    ],
  }),
  ...mutantsIn('src/ledger/ledger-head.ts', TAMPER_TEST, {
    'a head hashes versions without seals': [
      '[row, number, version, seal])',
      '[row, number, version])',
      'sold again since',
    ],
    'a head is sealed without its root': [
      'signedAtMs, steps, root, unsealed &&',
      'signedAtMs, steps, unsealed &&',
      'head with another hash',
    ],
    'a head is sealed without the count of unsealed steps': [
      'unsealed && [unsealed.steps, unsealed.digest]',
      'null',
      'counts steps',
    ],
    'the opening is sealed without its end': [
      'unsealedUntilMs, isClosed, heads]',
      'unsealedUntilMs, heads]',
      'reopened',
    ],
    'unsealed steps are counted and not hashed': [
      'this.hash.update(`${JSON.stringify(content)}\\n`);\n    this.steps++',
      'this.steps++',
      'an old hold, in every table',
    ],
  }),
  ...mutantsIn('src/ledger/head-signer.ts', TAMPER_TEST, {
    'a head is signed over a ledger that lost steps': [
      'builtOf(tips.get(showId)).root !== root',
      "root === ''",
      'sold again since',
    ],
    'a deleted head is replaced': [' || heads !== opening.heads)', ')', 'covered up'],
    'the count of heads is not signed anew': ['heads: heads + more', 'heads', SOUND],
  }),
  ...mutantsIn('src/ledger/show-heads.ts', TAMPER_TEST, {
    'a missing step of a head is not named': ['if (missing.length > 0) return missing;', '', 'without the secrets'],
    'the root of a head is not compared': ['built.root !== root || ', '', 'sold again since'],
  }),
  ...mutantsIn('src/ledger/ledger-verifier.ts', TAMPER_TEST, {
    'steps without a seal are lawful for good': [
      '!opening || (!opening.isClosed &&',
      '!opening || (opening.isClosed ||',
      'falsified ledger a sale out of nothing, without seals, from before',
    ],
    'deleted heads are not counted': [
      'if (heads !== opening.heads)',
      'if (heads > opening.heads)',
      'emptied with its head',
    ],
  }),
  ...mutantsIn('src/platform/seals.ts', ['src/platform/seals.spec.ts'], {
    'a seal is not bound to the key': ["deriveKey(secret, 'ledger key')", "deriveKey('', 'ledger key')"],
    'a seal is made with a former secret': ['sealBy(this.keys[0]!', 'sealBy(this.keys.at(-1)!'],
    'any beginning of a seal is right': [
      'given.length === expected.length && timingSafeEqual(given, expected)',
      'timingSafeEqual(given, expected.subarray(0, given.length))',
    ],
  }),
];
