import { randomUUID } from 'node:crypto';
import { newGuest } from './holder';
import { EVERY_TOKEN, Revocations, sessionSubject } from './revocations';

const USER = { id: `user:${randomUUID()}`, kind: 'user', sessionId: randomUUID() } as const;
const LATER_MS = 2_000;

describe('Revocations', () => {
  let revocations: Revocations;
  beforeEach(() => (revocations = new Revocations()));
  const withdraw = (subject: string, minVersion = EVERY_TOKEN, expiresAtMs = LATER_MS) =>
    revocations.add({ subject, minVersion, expiresAtMs });

  it('refuse the tokens of a session, and no others of its holder', () => {
    withdraw(sessionSubject(USER.sessionId));
    expect(revocations.refuses(USER)).toBe(true);
    expect(revocations.refuses({ ...USER, sessionId: randomUUID() })).toBe(false);
    expect(revocations.refuses({ id: USER.id, kind: 'user' })).toBe(false);
  });

  it('refuse the tokens of a holder below a version, whatever the order in which they come', () => {
    withdraw(USER.id, 2);
    withdraw(USER.id, 1);
    const refused = [undefined, 1, 2, 3].map((tokenVersion) => revocations.refuses({ ...USER, tokenVersion }));
    expect(refused).toEqual([true, true, false, false]);
    expect(revocations.refuses(newGuest())).toBe(false);
  });

  it('are forgotten once no token of theirs can live any more, and not before', () => {
    withdraw(USER.id);
    revocations.forget(LATER_MS - 1);
    expect(revocations.refuses(USER)).toBe(true);
    revocations.forget(LATER_MS);
    expect([revocations.refuses(USER), revocations.size]).toEqual([false, 0]);
  });

  it('take bounded room: of very many log-outs the oldest is forgotten, and no withdrawal of a holder for any of them', () => {
    withdraw(USER.id);
    const sessions = Array.from({ length: 100_001 }, (_, i) => `session ${i}`);
    for (const session of sessions) withdraw(sessionSubject(session));
    expect(revocations.size).toBe(100_001);
    expect([sessions[0], sessions[1], sessions.at(-1)].map((session) => revocations.hasEnded(session))).toEqual([
      false,
      true,
      true,
    ]);
    expect(revocations.refuses(USER)).toBe(true);
  });
});
