import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Browser, BrowserContextOptions, chromium, Page } from 'playwright-core';

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Ignored by git. */
const SCREENSHOTS = join(__dirname, '../../../coverage/screenshots');

/** The browser of this machine, with an empty profile. CHROMIUM names another one. */
export function launch(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? EXECUTABLES.find((path) => existsSync(path));
  if (!executablePath) throw new Error('There is no Chromium; install one, or name it in CHROMIUM.');
  return chromium.launch({ executablePath, args: FLAGS });
}

export interface Tab {
  readonly page: Page;
  /** The errors of the page, and the refusals of the Content-Security-Policy. */
  readonly complaints: string[];
}

/** A window of its own: nothing is shared with others. */
export async function openTab(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({
    viewport: { width: 1_440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  // The tests provoke refusals of the API, and can't reach the server while they restart it.
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text()))
      complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

export const seatAt = (page: Page, name: string) => {
  const [, row, number] = /^([A-Z]+)(\d+)$/.exec(name)!;
  return page.locator(`[data-key="${row}/${number}"]`);
};

/** Waits until a seat looks so: `available`, `held-you`, `held`, … */
export async function looks(page: Page, name: string, look: string): Promise<void> {
  await page
    .locator(`[data-key="${/^[A-Z]+/.exec(name)![0]}/${/\d+$/.exec(name)![0]}"][data-look="${look}"]`)
    .waitFor({ state: 'attached', timeout: 10_000 });
}

export async function isLive(page: Page): Promise<void> {
  await page.locator('#connection[data-state="live"]').waitFor({ timeout: 20_000 });
  await page.locator('#viewport[data-state="drawn"]').waitFor();
}

export const personCard = (page: Page, id: 'you' | 'alex') => page.locator(`.person[data-person="${id}"]`);

export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}
