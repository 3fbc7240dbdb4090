import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';

/** The Chromium that `CHROMIUM` names, else one on the path, else the one that Playwright installed. */
function chromiumOnThisMachine(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome.exe'];
  const onPath = (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => names.map((n) => join(folder, n)));
  return [process.env['CHROMIUM'], ...onPath, chromium.executablePath()].find(
    (path) => path !== undefined && existsSync(path),
  );
}

const executablePath = chromiumOnThisMachine();

export interface Tab {
  readonly page: Page;
  /** What a page that stays by itself leaves empty: requests beyond its file, warnings, errors, dialogs. */
  readonly noticed: readonly string[];
}

/** Opens a page's text as a file of its own; `fragment` has no `#`. */
export type OpenFile = (html: string, fragment?: string, options?: BrowserContextOptions) => Promise<Tab>;

/** Runs a suite in a headless Chromium, or lists it as skipped with the reason where the machine has none. */
export function describeInChromium(title: string, suite: (open: OpenFile) => void): void {
  if (executablePath === undefined) {
    describe.skip(`${title}: no Chromium on PATH, and none named by CHROMIUM`, () => suite(notOpened));
    return;
  }
  describe(title, () => {
    let browser: Browser | undefined;
    let folder = '';
    let count = 0;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'patchlens-browser-'));
      // Chromium's own sandbox refuses to run as root, as containers do; these pages are ours.
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    });
    afterAll(async () => {
      await browser?.close();
      await rm(folder, { recursive: true, force: true });
    });
    suite(async (html, fragment = '', options = {}) => {
      if (browser === undefined) throw new Error('browser: expected one that runs');
      const file = join(folder, `${(count += 1)}.html`);
      await writeFile(file, html);
      const context = await browser.newContext(options);
      return openTab(await context.newPage(), `${pathToFileURL(file).href}${fragment === '' ? '' : `#${fragment}`}`);
    });
  });
}

async function openTab(page: Page, address: string): Promise<Tab> {
  const noticed: string[] = [];
  const [file] = address.split('#');
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith('data:') && url.split('#')[0] !== file) noticed.push(`request of ${url}`);
  });
  page.on('console', (message) => noticed.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => noticed.push(`uncaught: ${error.message}`));
  page.on('dialog', (dialog) => {
    noticed.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(address);
  return { page, noticed };
}

/** Ends a tab, which must have kept to itself. */
export async function closeQuietTab({ page, noticed }: Tab): Promise<void> {
  await page.context().close();
  expect(noticed).toEqual([]);
}

function notOpened(): Promise<Tab> {
  throw new Error('browser: none on this machine');
}
