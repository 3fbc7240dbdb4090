import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { comparisonPage } from '../../src/report/comparison-page.ts';
import { visible } from '../../src/report/markup.ts';
import { comparisonRecord, HOSTILE } from '../report/comparison-record.ts';
import { closeQuietTab, describeInChromium } from './chromium.ts';
import { faultsOf } from './faults.ts';

const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const html = await comparisonPage(comparisonRecord(), new Map(HOSTILE.map((path) => [path, PIXEL])));

/** The first cells of a table's rows. */
function headsOf(page: Page, caption: string): Promise<string[]> {
  return page.getByRole('table', { name: caption, exact: true }).locator('tbody th').allTextContents();
}

describeInChromium('the report of a comparison', (open) => {
  for (const width of [360, 1280]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`fits ${width} pixels and reads well in ${colorScheme} colours`, async () => {
        const tab = await open(html, '', { viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
        const overflow = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow).toBeLessThanOrEqual(0);
        expect(await faultsOf(tab.page)).toEqual([]);
        await closeQuietTab(tab);
      });
    }
  }

  test('names from outside are text, and nothing of them runs', async () => {
    const tab = await open(html);
    const shown = await tab.page.locator('.gallery .name').allTextContents();
    for (const path of HOSTILE) expect(shown).toContain(visible(path));
    expect(await tab.page.locator('main script, main b, img:not([src^="data:"])').count()).toBe(0);
    await closeQuietTab(tab);
  });

  test('tables sort by mouse and by keyboard, and say so', async () => {
    const tab = await open(html, '', { viewport: { width: 1280, height: 900 } });
    const { page } = tab;
    const asWritten = await headsOf(page, 'Accuracy and cost');
    const table = page.getByRole('table', { name: 'Accuracy and cost', exact: true });
    const latency = table.getByRole('columnheader', { name: 'Latency' });
    await latency.getByRole('button').click();
    expect(await latency.getAttribute('aria-sort')).toBe('descending');
    expect(await headsOf(page, 'Accuracy and cost')).toEqual(asWritten);
    await page.keyboard.press('Enter');
    expect(await latency.getAttribute('aria-sort')).toBe('ascending');
    expect(await headsOf(page, 'Accuracy and cost')).toEqual(asWritten.toReversed());
    await table.getByRole('columnheader', { name: 'Model', exact: true }).getByRole('button').focus();
    await page.keyboard.press('Space');
    expect(await headsOf(page, 'Accuracy and cost')).toEqual(['<b>net', 'mobilenet', 'vit']);
    expect(await latency.getAttribute('aria-sort')).toBe('none');
    await closeQuietTab(tab);
  });

  test('every button and wide table can be reached by keyboard', async () => {
    const tab = await open(html, '', { viewport: { width: 360, height: 800 } });
    const { page } = tab;
    const wanted = await page
      .locator('button, .scroll')
      .evaluateAll((elements) => elements.map(({ outerHTML }) => outerHTML));
    const reached: string[] = [];
    for (let i = 0; i < wanted.length; i += 1) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate(() => document.activeElement?.outerHTML ?? ''));
    }
    expect(reached).toEqual(wanted);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('BODY');
    await closeQuietTab(tab);
  });
});
