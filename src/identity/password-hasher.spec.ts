import { PasswordHasher } from './password-hasher';

describe('PasswordHasher', () => {
  const hasher = new PasswordHasher();

  beforeAll(() => hasher.onModuleInit());

  it('hashes with Argon2id, 19 MiB, two passes, one lane, and a salt of its own each time', async () => {
    const [one, another] = [await hasher.hash('correct horse'), await hasher.hash('correct horse')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(another).not.toBe(one);
  });

  const passwords: [string, string, boolean][] = [
    ['correct horse', 'correct horse', true],
    ['correct horse', 'correct horsf', false],
    ['correct horse', 'Correct horse', false],
    ['p\u0000assword', 'p\u0000assword', true],
    ['p\u0000assword', 'p\u0000Assword', false],
    ['x'.repeat(127) + 'y', 'x'.repeat(127) + 'z', false],
    // é as one code point and as two: the same on another keyboard.
    ['caf\u00e9 au lait', 'cafe\u0301 au lait', true],
  ];

  it.each(passwords)('registered %j, typed %j: %s', async (registered, typed, matches) => {
    await expect(hasher.hash(registered).then((hash) => hasher.verify(hash, typed))).resolves.toBe(matches);
  });

  it('does the same work for nobody as for somebody, and says no', async () => {
    const { hashOfNobody } = hasher as unknown as { hashOfNobody: string };
    const parameters = (hash: string) => hash.split('$').slice(0, 4);
    expect(parameters(hashOfNobody)).toEqual(parameters(await hasher.hash('correct horse')));
    await expect(hasher.verify(undefined, 'wrong horse')).resolves.toBe(false);
  });

  it('refuses a flood instead of piling it up, and recovers', async () => {
    const flood = await Promise.allSettled(Array.from({ length: 100 }, () => hasher.hash('correct horse')));
    const refused = flood.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    expect(refused).toEqual(Array.from({ length: 100 - 2 - 64 }, () => 'BUSY'));
    await expect(hasher.hash('correct horse')).resolves.toContain('$argon2id$');
  });
});
