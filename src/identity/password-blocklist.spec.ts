import { refuseGuessable } from './password-blocklist';

const refusal = (password: string, username = 'ada.lovelace') => {
  try {
    refuseGuessable(username, password);
    return undefined;
  } catch (error) {
    return (error as { extras: { errors: { path: string; message: string }[] } }).extras.errors;
  }
};

describe('passwords that are guessed first', () => {
  it.each([
    'password',
    'PASSWORD',
    'Password1',
    'Password1!',
    'password123',
    'passw0rd',
    '12345678',
    'qwertyuiop',
    'iloveyou1',
    '123dragon',
    'football2025',
    '!!monkey!!',
    'letmein123',
    '1q2w3e4r',
    'ｐａｓｓｗｏｒｄ',
    '        ',
    '00000000',
    '💥💥💥💥💥💥💥💥',
    'ada.lovelace',
    'Ada.Lovelace1815',
    'lovelace',
    'lovelace!!!!!!',
    '12345lovelace',
    'a.d.a.1815',
    'rowlock1',
    'Rowlock!2026',
    'row-lock-2026',
  ])('%j is refused, about the field', (password) => {
    expect(refusal(password)).toEqual([{ path: 'password', message: expect.stringMatching(/^password /) }]);
  });

  it.each([
    'correct horse',
    'correct horse battery staple',
    'demo_pass_123',
    'password of a cat that sings',
    'x9#password!7Kq',
    'dragon-839265',
    'zq8vtp2m',
    '💥🌵🎲🪐🧭🦜🎻🫖',
    '   a b c   d',
    'grace hopper 1906',
    'rowlock is not mine',
  ])('%j is accepted', (password) => {
    expect(refusal(password)).toBeUndefined();
  });

  it('are known by their whole text: a name of one or two letters makes no password guessable', () => {
    expect(refusal('a1b7-39514', 'a_b')).toBeUndefined();
    expect(refusal('demo_pass_123', 'demo_user_123')).toBeUndefined();
  });

  it('are found as fast in the longest password', () => {
    const startedMs = performance.now();
    for (let i = 0; i < 1_000; i++) refusal('P@ssw0rd'.repeat(16));
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});
