import { Sessions } from '../../src/identity/sessions';
import { until } from '../../proof/kit/until';
import { startApp, TestApp } from '../support/app';
import { request, tally } from '../support/client';
import { expectProblem } from '../support/expectations';

const PASSWORD = 'correct horse battery staple';

let target: TestApp;
let elsewhere: TestApp;
let count = 0;

beforeAll(async () => {
  target = await startApp({ AUTH_MAX_SESSIONS_PER_USER: '3' });
  elsewhere = await startApp({ DATABASE_URL: target.databaseUrl });
});
afterAll(async () => {
  await elsewhere.close();
  await target.close();
});

const post = (path: string, body?: unknown, token?: string, on = target) =>
  request(on, 'POST', `/api/auth/${path}/`, { body, token });
const me = (token: string, on = target) => request(on, 'GET', '/api/auth/me/', { token });
const refresh = (token: string, on = target) => post('refresh', { refresh_token: token }, undefined, on);
const guest = async () => (await post('guest')).body;
const newUser = async () => {
  const username = `user-${++count}`;
  const { body } = await post('register', { username, password: PASSWORD });
  return { username, ...body };
};
const login = (username: string, password = PASSWORD) => post('login', { username, password });
const rows = (holderId: string) =>
  target.dataSource.query('SELECT rotation, ended_at FROM session WHERE holder_id = $1', [holderId]);
/** Moves the last refresh of the holder's sessions into the past. */
const age = (holderId: string, seconds: number) =>
  target.dataSource.query(
    'UPDATE session SET rotated_at = rotated_at - make_interval(secs => $2) WHERE holder_id = $1',
    [holderId, seconds],
  );
/** Until the other instance has read what was withdrawn here: it polls. */
const untilRefused = (token: string) => until(async () => (await me(token, elsewhere)).status === 401);

describe.each([
  ['a guest', guest, 90],
  ['a user', newUser, 30],
])('the refresh token of %s', (_, begin, days) => {
  it('gives a new pair for the same holder, again and again', async () => {
    const { holder, refresh_token: issued, ...first } = await begin();
    let token = issued;
    expect(first).toMatchObject({ token_type: 'Bearer', expires_in: 900, refresh_expires_in: days * 86_400 });
    for (let i = 0; i < 3; i++) {
      const { status, headers, body } = await refresh(token, i % 2 ? elsewhere : target);
      expect([status, headers.get('cache-control'), body.holder]).toEqual([200, 'no-store', holder]);
      expect(body.refresh_token).not.toBe(token);
      expect((await me(body.access_token)).body).toEqual({ holder });
      token = body.refresh_token;
    }
    expect(await rows(holder.id)).toEqual([{ rotation: 3, ended_at: null }]);
  });

  it('is no access token, and an access token is none of its kind', async () => {
    const { access_token: access, refresh_token: token } = await begin();
    expectProblem(await me(token), 'UNAUTHENTICATED');
    expectProblem(await refresh(access), 'SESSION_ENDED');
    const [header, payload, signature] = token.split('.');
    expectProblem(await refresh(`${header}.${payload}.${signature.slice(1)}`), 'SESSION_ENDED');
  });

  it('sent twice at once, or again after a lost answer, gets one successor', async () => {
    const { holder, refresh_token: token } = await begin();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_unused, i) => refresh(token, i % 2 ? elsewhere : target)),
    );
    answers.push(await refresh(token));
    expect(tally(answers)).toEqual({ '200': 9 });
    const successors = new Set(answers.map(({ body }) => body.refresh_token));
    expect(successors.size).toBe(1);
    expect(await rows(holder.id)).toEqual([{ rotation: 1, ended_at: null }]);
    expect((await refresh([...successors][0])).status).toBe(200);
  });

  it('sent again later ends the session, for the one that has the successor as well', async () => {
    const { holder, refresh_token: stolen } = await begin();
    const { body: successor } = await refresh(stolen);
    expect((await me(successor.access_token, elsewhere)).status).toBe(200);
    await age(holder.id, 11);
    expectProblem(await refresh(stolen), 'SESSION_ENDED');
    expectProblem(await refresh(successor.refresh_token), 'SESSION_ENDED');
    expectProblem(await me(successor.access_token), 'UNAUTHENTICATED');
    await untilRefused(successor.access_token);
    // Nor does the first token begin a session anew.
    expectProblem(await refresh(stolen), 'SESSION_ENDED');
  });

  it('two refreshes back ends the session at once', async () => {
    const { refresh_token: first } = await begin();
    const { body: second } = await refresh(first);
    const { body: third } = await refresh(second.refresh_token);
    expectProblem(await refresh(first), 'SESSION_ENDED');
    expectProblem(await refresh(third.refresh_token), 'SESSION_ENDED');
  });

  it('ends with the log-out, here at once and elsewhere within a poll', async () => {
    const { access_token: access, refresh_token: token } = await begin();
    expect((await me(access, elsewhere)).status).toBe(200);
    expect((await post('logout', undefined, access)).status).toBe(204);
    expectProblem(await me(access), 'UNAUTHENTICATED');
    expectProblem(await refresh(token), 'SESSION_ENDED');
    expectProblem(await refresh(token, elsewhere), 'SESSION_ENDED');
    await untilRefused(access);
  });

  it('of an instance that was not there when it was withdrawn is refused from the start', async () => {
    const { access_token: access } = await begin();
    await post('logout', undefined, access);
    const late = await startApp({ DATABASE_URL: target.databaseUrl });
    try {
      expectProblem(await me(access, late), 'UNAUTHENTICATED');
    } finally {
      await late.close();
    }
  });

  it('goes on after the database was set back', async () => {
    const { holder, refresh_token: first } = await begin();
    const { body: second } = await refresh(first);
    const { body: third } = await refresh(second.refresh_token);
    await target.dataSource.query('UPDATE session SET rotation = 1 WHERE holder_id = $1', [holder.id]);
    expect((await refresh(third.refresh_token)).status).toBe(200);
  });
});

describe('guests', () => {
  it('cost no row until they refresh or log out', async () => {
    const { holder } = await guest();
    expect(await rows(holder.id)).toEqual([]);
  });

  it('are known no longer than the setting says, also by tokens of before it was lowered', async () => {
    const { refresh_token: token } = await guest();
    const strict = await startApp({ DATABASE_URL: target.databaseUrl, AUTH_GUEST_REFRESH_TTL_DAYS: '0' });
    try {
      expectProblem(await refresh(token, strict), 'SESSION_ENDED');
      const { body } = await post('guest', undefined, undefined, strict);
      expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'holder', 'token_type']);
    } finally {
      await strict.close();
    }
  });

  it('have no password to change and no account to delete', async () => {
    const { access_token: access } = await guest();
    const change = { current_password: PASSWORD, new_password: PASSWORD };
    expectProblem(await post('password', change, access), 'FORBIDDEN');
    expectProblem(await post('delete', { password: PASSWORD }, access), 'FORBIDDEN');
  });
});

describe('users', () => {
  it('have so many sessions and no more: the one unused for longest ends', async () => {
    const { username, holder, refresh_token: first } = await newUser();
    const { body: second } = await login(username);
    const { body: third } = await login(username);
    await age(holder.id, 60);
    expect((await refresh(second.refresh_token)).status).toBe(200);
    const both = await Promise.all([login(username), login(username)]);
    expect((await rows(holder.id)).length).toBe(3);
    expect(tally(await Promise.all([first, third.refresh_token].map((token) => refresh(token))))).toEqual({
      '401 SESSION_ENDED': 2,
    });
    for (const { body } of both) expect((await refresh(body.refresh_token)).status).toBe(200);
  });

  it('with a new password lose every token of before, in every instance', async () => {
    const { username, holder, access_token: one, refresh_token: token } = await newUser();
    const { body: other } = await login(username);
    for (const each of [one, other.access_token]) expect((await me(each, elsewhere)).status).toBe(200);

    const wrong = { current_password: 'wrong password', new_password: 'another password' };
    expectProblem(await post('password', wrong, one), 'INVALID_CREDENTIALS');
    expect((await me(one)).status).toBe(200);
    const changed = await post('password', { current_password: PASSWORD, new_password: 'another password' }, one);
    expect([changed.status, changed.body.holder]).toEqual([200, holder]);

    for (const each of [one, other.access_token]) {
      expectProblem(await me(each), 'UNAUTHENTICATED');
      await untilRefused(each);
    }
    for (const each of [token, other.refresh_token]) expectProblem(await refresh(each), 'SESSION_ENDED');
    expectProblem(await login(username), 'INVALID_CREDENTIALS');

    const { body: again } = await login(username, 'another password');
    for (const { access_token: access, refresh_token: next } of [changed.body, again]) {
      for (const on of [target, elsewhere]) expect((await me(access, on)).status).toBe(200);
      const { status, body } = await refresh(next);
      expect([status, (await me(body.access_token, elsewhere)).status]).toEqual([200, 200]);
    }
  });

  it('that are deleted can do nothing any more, with any token, in any instance', async () => {
    const { username, holder, access_token: one, refresh_token: token } = await newUser();
    const { body: other } = await login(username);
    expectProblem(await post('delete', { password: 'wrong password' }, one), 'INVALID_CREDENTIALS');
    expect((await post('delete', { password: PASSWORD }, one)).status).toBe(204);
    for (const each of [one, other.access_token]) {
      expectProblem(await me(each), 'UNAUTHENTICATED');
      await untilRefused(each);
    }
    for (const each of [token, other.refresh_token]) expectProblem(await refresh(each), 'SESSION_ENDED');
    expectProblem(await login(username), 'INVALID_CREDENTIALS');
    // The name is free, for another holder.
    const { body: namesake } = await post('register', { username, password: PASSWORD });
    expect(namesake.holder.id).not.toBe(holder.id);
    expect((await me(namesake.access_token, elsewhere)).status).toBe(200);
  });

  it('that log in while the password changes get a session that goes nowhere', async () => {
    const { username, holder, access_token: one } = await newUser();
    const { body: late } = await login(username);
    // As if its row had been written behind the change.
    await target.dataSource.query('UPDATE session SET holder_id = $2 WHERE holder_id = $1', [holder.id, 'aside']);
    await post('password', { current_password: PASSWORD, new_password: 'another password' }, one);
    await target.dataSource.query('UPDATE session SET holder_id = $2 WHERE holder_id = $1', ['aside', holder.id]);
    expectProblem(await refresh(late.refresh_token), 'SESSION_ENDED');
    expectProblem(await me(late.access_token), 'UNAUTHENTICATED');
  });

  it('of two changes with the same former password, one is too late', async () => {
    const { access_token: one } = await newUser();
    const change = (next: string) => post('password', { current_password: PASSWORD, new_password: next }, one);
    expect(tally(await Promise.all([change('the new password'), change('another password')]))).toEqual({
      '200': 1,
      '401 INVALID_CREDENTIALS': 1,
    });
  });

  it('get the role that they have now with the next token', async () => {
    const { holder, refresh_token: token } = await newUser();
    await target.dataSource.query(`UPDATE "user" SET role = 'admin' WHERE id = $1`, [holder.id.slice(5)]);
    const { body } = await refresh(token);
    expect((await me(body.access_token)).body.holder).toEqual({ ...holder, role: 'admin' });
  });
});

describe('what is past its time', () => {
  it('is deleted, and nothing else', async () => {
    const [gone, stays] = [await newUser(), await newUser()];
    await post('logout', undefined, (await guest()).access_token);
    await target.dataSource.query(`UPDATE session SET expires_at = clock_timestamp() WHERE holder_id = $1`, [
      gone.holder.id,
    ]);
    await target.dataSource.query('UPDATE token_revocation SET expires_at = clock_timestamp()');
    const before = await target.dataSource.query('SELECT count(*)::int AS rows FROM session');
    await target.app.get(Sessions).clean();
    const after = await target.dataSource.query('SELECT count(*)::int AS rows FROM session');
    expect(before[0].rows - after[0].rows).toBe(1);
    expect(await rows(stays.holder.id)).toEqual([{ rotation: 0, ended_at: null }]);
    expect(await target.dataSource.query('SELECT FROM token_revocation')).toEqual([]);
  });

  it('is no withdrawal that becomes visible behind later ones, as after a commit that took long', async () => {
    const { access_token: access, holder } = await guest();
    const { access_token: later } = await guest();
    await post('logout', undefined, later);
    await untilRefused(later);
    await target.dataSource.query(
      `INSERT INTO token_revocation (subject, min_version, revoked_at, expires_at)
       VALUES ($1, 1, clock_timestamp() - interval '20 seconds', clock_timestamp() + interval '1 hour')`,
      [holder.id],
    );
    await untilRefused(access);
  });
});
