import type { Browser, BrowserContextOptions } from 'playwright-core';
import { startApp, TestApp } from '../support/app';
import { person } from '../support/client';
import { isLive, launch, looks, openTab, personCard, seatAt, shoot } from './support/browser';
import { createNamedShow } from './support/shows';

const SIZES: Readonly<Record<string, BrowserContextOptions>> = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
  desktop: { viewport: { width: 1_440, height: 900 } },
  wall: { viewport: { width: 2_560, height: 1_440 } },
};

/** Pictures for people to look at. No test compares them. */
describe('screenshots', () => {
  let target: TestApp;
  let browser: Browser;
  let showId: number;

  beforeAll(async () => {
    target = await startApp();
    showId = await createNamedShow(target.dataSource, {
      title: 'Inception',
      rows: 12,
      seatsPerRow: 20,
      startsInMinutes: 95,
    });
    await createNamedShow(target.dataSource, { title: 'Top Gun: Maverick', screen: 'Screen 2', startsInMinutes: 130 });
    await createNamedShow(target.dataSource, {
      title: 'Avatar: The Way of Water',
      screen: 'Screen 3',
      rows: 3,
      startsInMinutes: 200,
    });
    await createNamedShow(target.dataSource, { title: 'Inception', rows: 12, seatsPerRow: 20, startsInMinutes: 380 });
    const buy = async (...names: string[]) => {
      const buyer = await person(target);
      await buyer.hold(showId, names);
      await buyer.book(showId, names);
    };
    await buy('F8', 'F9', 'F10', 'F11', 'F12', 'F13');
    await buy('G7', 'G8', 'G9');
    await buy('G11', 'G12', 'G13', 'G14');
    await buy('H9', 'H10', 'H11');
    await buy('E10', 'E11');
    await buy('I6', 'I7', 'I8', 'I12', 'I13');
    await buy('J10', 'J11');
    await buy('K3', 'K4', 'K15', 'K16');
    for (const names of [
      ['E14', 'E15'],
      ['H13', 'H14', 'H15'],
      ['D8', 'D9'],
      ['J4', 'J5', 'J6'],
    ])
      await (await person(target)).hold(showId, names);
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    await target.close();
  });

  const shots = Object.keys(SIZES).flatMap((size) =>
    (['light', 'dark'] as const).map((scheme) => [size, scheme] as const),
  );

  test.each(shots)('%s, %s', async (size, colorScheme) => {
    const { page, complaints } = await openTab(browser, `${target.url}/?show=${showId}`, {
      ...SIZES[size],
      colorScheme,
    });
    await isLive(page);
    await shoot(page, `${size}-${colorScheme}-empty`);
    const free = shots.findIndex(([a, b]) => a === size && b === colorScheme);
    const row = 'ABCDLI'[free]!;
    const start = row === 'I' ? 15 : 3;
    const at = (offset: number) => `${row}${start + offset}`;
    for (const name of [at(0), at(1), at(2)]) await seatAt(page, name).click();
    await personCard(page, 'you').getByRole('button', { name: /^Hold/ }).click();
    await looks(page, at(2), 'held-you');
    await page.locator('#act-alex').click();
    for (const name of [at(3), at(4)]) await seatAt(page, name).click();
    await personCard(page, 'alex').getByRole('button', { name: /^Hold/ }).click();
    await looks(page, at(4), 'held-alex');
    await seatAt(page, at(2)).click();
    await seatAt(page, at(5)).click();
    await personCard(page, 'alex').getByRole('button', { name: /^Hold/ }).click();
    await personCard(page, 'alex').locator('.message[data-kind="bad"]').waitFor();
    await page.locator('#rush-start').click();
    await page.locator('.verdict').waitFor();
    await page.locator('#activity time').first().waitFor();
    await page.evaluate('window.scrollTo(0, 0)');
    await shoot(page, `${size}-${colorScheme}`);
    if (size === 'phone') {
      await page.screenshot({ path: `coverage/screenshots/${size}-${colorScheme}-whole.png`, fullPage: true });
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
