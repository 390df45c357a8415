import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CryptoKey, exportJWK, generateKeyPair, JWTPayload, SignJWT } from 'jose';
import { startApp, TestApp } from '../support/app';
import { Answer, person, request } from '../support/client';
import { expectProblem, ok } from '../support/expectations';
import { createShow } from '../support/house';

/** A waiting room before the server: its signed tokens admit guests to shows. */
let keys: Server;
let target: TestApp;
let key: CryptoKey;
let otherKey: CryptoKey;
let showId: number;
let another: number;

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true });
  key = pair.privateKey;
  otherKey = (await generateKeyPair('ES256')).privateKey;
  const set = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), alg: 'ES256', use: 'sig' }] });
  keys = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(set));
  await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
  const { port } = keys.address() as AddressInfo;
  target = await startApp({ ADMISSION_JWKS_URL: `http://127.0.0.1:${port}/keys` });
  [showId, another] = await Promise.all([createShow(target.dataSource), createShow(target.dataSource)]);
});
afterAll(async () => {
  await target.close();
  keys.closeAllConnections();
  keys.close();
});

function queueToken(claims: JWTPayload = {}, signedBy = key, header: object = {}): Promise<string> {
  const inAMinute = Math.floor(Date.now() / 1_000) + 60;
  return new SignJWT({ aud: `show:${showId}`, exp: inAMinute, ...claims })
    .setProtectedHeader({ alg: 'ES256', ...header })
    .sign(signedBy);
}

const guest = (token?: string): Promise<Answer> =>
  request(target, 'POST', '/api/auth/guest/', token === undefined ? {} : { headers: { 'admission-token': token } });

it('a guest with a token of the queue can hold seats of its show, and of no other', async () => {
  const { status, body } = await guest(await queueToken());
  expect([status, body.holder.shows]).toEqual([201, [showId]]);
  const me = await person(target, body.access_token);
  await ok(me.hold(showId, ['A1']));
  await ok(me.book(showId, ['A1']));
  expectProblem(await me.hold(another, ['A1']), 'ADMISSION_REQUIRED');
  const both = await guest(await queueToken({ aud: [`show:${showId}`, `show:${another}`, 'something else'] }));
  expect(both.body.holder.shows).toEqual([showId, another]);
  await ok((await person(target, both.body.access_token)).hold(another, ['B1']));
});

it('a refreshed token is good for the same shows', async () => {
  const { body } = await guest(await queueToken());
  const refreshed = await request(target, 'POST', '/api/auth/refresh/', {
    body: { refresh_token: body.refresh_token },
  });
  expect(refreshed.body.holder.shows).toEqual([showId]);
  await ok((await person(target, refreshed.body.access_token)).hold(showId, ['E1']));
});

it('users need none', async () => {
  const credentials = { username: 'somebody-in-no-queue', password: 'correct horse battery' };
  const { body } = await request(target, 'POST', '/api/auth/register/', { body: credentials });
  await ok((await person(target, body.access_token)).hold(showId, ['C1']));
});

it('a guest from before it was needed can read, and hold nothing', async () => {
  const before = await startApp({ DATABASE_URL: target.databaseUrl });
  const { token } = await person(before).finally(() => before.close());
  const me = await person(target, token);
  expect((await me.seatMap(showId)).status).toBe(200);
  expectProblem(await me.hold(showId, ['D1']), 'ADMISSION_REQUIRED');
});

it.each<[string, () => Promise<string | undefined>]>([
  ['none', () => Promise.resolve(undefined)],
  ['one that is no token', () => Promise.resolve('x.y.z')],
  ['one of another key', () => queueToken({}, otherKey)],
  ['one that is over', () => queueToken({ exp: Math.floor(Date.now() / 1_000) - 60 })],
  ['one without an end', () => queueToken({ exp: undefined })],
  ['one for nobody', () => queueToken({ aud: undefined })],
  ['one for something else', () => queueToken({ aud: 'show:1x' })],
  [
    'one for more shows than anybody queues for',
    () => queueToken({ aud: Array.from({ length: 21 }, (_, i) => `show:${i + 1}`) }),
  ],
  ['one without a signature', async () => `${(await queueToken()).split('.').slice(0, 2).join('.')}.`],
  ['one that is far too long', () => queueToken({ more: 'x'.repeat(9_000) })],
])('no guest gets in with %s', async (_, token) => {
  expectProblem(await guest(await token()), 'ADMISSION_REQUIRED');
});

it('a token signed with the public key as a secret is none', async () => {
  const secret = new TextEncoder().encode('whatever the key set says');
  const token = await new SignJWT({ aud: `show:${showId}` })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1 minute')
    .sign(secret);
  expectProblem(await guest(token), 'ADMISSION_REQUIRED');
});

it('while the keys can’t be had, guests are asked to come back', async () => {
  const lost = await startApp({ DATABASE_URL: target.databaseUrl, ADMISSION_JWKS_URL: 'http://127.0.0.1:9/keys' });
  const token = await queueToken();
  const answer = await request(lost, 'POST', '/api/auth/guest/', { headers: { 'admission-token': token } });
  await lost.close();
  expectProblem(answer, 'BUSY');
});
