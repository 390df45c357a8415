import type { Browser, BrowserContext, Page } from 'playwright-core';
import { until } from '../../proof/kit/until';
import { ShowFeeds } from '../../src/live/show-feeds';
import { startApp, TestApp } from '../support/app';
import { person, Person } from '../support/client';
import { isLive, launch, looks, personCard, seatAt } from './support/browser';
import { createNamedShow } from './support/shows';

const TABS = 7;

describe('tabs of one browser', () => {
  let target: TestApp;
  let browser: Browser;
  let context: BrowserContext;
  let showId: number;
  let other: Person;

  beforeAll(async () => {
    target = await startApp();
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    await target.close();
  });
  beforeEach(async () => {
    showId = await createNamedShow(target.dataSource);
    other = await person(target);
    context = await browser.newContext({ viewport: { width: 1_440, height: 900 } });
  });
  afterEach(async () => {
    await context.close();
    await until(() => streams() === 0);
  });

  const streams = () => target.app.get(ShowFeeds).watching;
  const open = async (): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(`${target.url}/?show=${showId}`);
    await isLive(page);
    return page;
  };
  const hold = async (page: Page, name: string) => {
    await seatAt(page, name).click();
    await personCard(page, 'you').getByRole('button', { name: /^Hold/ }).click();
    await looks(page, name, 'held-you');
  };

  test('share one stream: all work, however many they are, and each sees what happens in the others', async () => {
    const pages: Page[] = [];
    for (let i = 0; i < TABS; i++) pages.push(await open());
    expect(streams()).toBe(1);
    for (const [index, page] of pages.entries()) await hold(page, `A${index + 1}`);
    for (const page of pages) {
      for (let number = 1; number <= TABS; number++) {
        if (page !== pages[number - 1]) await looks(page, `A${number}`, 'held');
      }
    }
    expect(streams()).toBe(1);
  });

  test('miss no change when the tab that has the stream is closed, one after the other', async () => {
    const pages = [await open(), await open(), await open()];
    for (let number = 1; pages.length > 0; number++) {
      // While nobody has the stream, and while somebody has it again.
      const closing = pages.shift()!.close();
      await other.hold(showId, [`B${number}`]);
      await closing;
      await until(() => streams() === Math.min(1, pages.length));
      await other.hold(showId, [`C${number}`]);
      for (const page of pages) {
        await Promise.all([looks(page, `B${number}`, 'held'), looks(page, `C${number}`, 'held')]);
      }
    }
  });

  test('each have a stream where they cannot share one, and then few', async () => {
    await context.addInitScript('delete Navigator.prototype.locks');
    const pages = [await open(), await open()];
    expect(streams()).toBe(2);
    await hold(pages[0]!, 'A1');
    await looks(pages[1]!, 'A1', 'held');
  });

  test('say so when a command gets no answer, instead of waiting without end', async () => {
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(`${target.url}/?show=${showId}`);
    await isLive(page);
    await page.route('**/api/seats/hold-batch/', () => undefined);
    // The clock of the page is not that of AbortSignal.timeout.
    await page.evaluate(`AbortSignal.timeout = (ms) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new DOMException('', 'TimeoutError')), ms);
      return controller.signal;
    }`);
    await seatAt(page, 'A1').click();
    await personCard(page, 'you').getByRole('button', { name: /^Hold/ }).click();
    await page.clock.fastForward(15_000);
    await personCard(page, 'you').locator('.message', { hasText: 'no answer within 15 seconds' }).waitFor();
    await page.unroute('**/api/seats/hold-batch/');
    await personCard(page, 'you').getByRole('button', { name: /^Hold/ }).click();
    await looks(page, 'A1', 'held-you');
  });
});
