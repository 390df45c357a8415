import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { until } from '../../proof/kit/until';
import { startApp, TestApp } from '../support/app';
import { person, request } from '../support/client';
import { createTestDatabase, TestDatabase } from '../support/database';
import { createShow } from '../support/house';
import { launch } from './support/browser';

describe('the reference client on a page of another origin', () => {
  let database: TestDatabase;
  let target: TestApp;
  let browser: Browser;
  let shop: string;
  const shopServer = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<title></title>'),
  );

  beforeAll(async () => {
    await new Promise<void>((resolve) => shopServer.listen(0, '127.0.0.1', resolve));
    shop = `http://127.0.0.1:${(shopServer.address() as AddressInfo).port}`;
    database = await createTestDatabase();
    target = await startApp({ DATABASE_URL: database.url, CORS_ORIGINS: shop });
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    await target.close();
    await database.drop();
    shopServer.close();
  });

  const state = (page: Page) => page.evaluate<string>('document.title');
  const held = (page: Page) => page.evaluate<number>('window.live.counts.held');

  test('comes back after the server was restarted, with what happened meanwhile', async () => {
    const showId = await createShow(database.dataSource);
    const [asset] = /\/assets\/[0-9a-f]+\//.exec((await request(target, 'GET', '/')).body as string)!;
    const page = await browser.newPage();
    await page.goto(`${shop}/`);
    await page.evaluate(`(async () => {
      const { LiveSeats } = await import('${target.url}${asset}client/live-seats.js');
      window.live = new LiveSeats({
        baseUrl: '${target.url}',
        showId: ${showId},
        onChange: () => undefined,
        onConnection: ({ state }) => (document.title = state),
      });
      window.live.start();
    })()`);
    await until(async () => (await state(page)) === 'live');
    // The first event has an id, which the client sends from now on.
    await (await person(target)).hold(showId, ['A1']);
    await until(async () => (await held(page)) === 1);

    const { port } = target.app.getHttpServer().address() as AddressInfo;
    await target.close();
    await until(async () => (await state(page)) === 'waiting');
    target = await startApp({ DATABASE_URL: database.url, CORS_ORIGINS: shop, PORT: String(port) });
    await (await person(target)).hold(showId, ['A2']);
    await until(async () => (await state(page)) === 'live' && (await held(page)) === 2, 30_000);
    await page.close();
  });
});
