import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { shownMap, thresholdOf } from '../../src/report/explorer/client/shown-map.ts';
import { firstView } from '../../src/report/explorer/client/view.ts';
import { colourTable } from '../../src/report/figure/colour-map.ts';
import { recordOf } from '../report/explorer/record.ts';
import { closeQuietTab, describeInChromium } from './chromium.ts';
import type { OpenFile, Tab } from './chromium.ts';
import { explorerHtml } from './explorer.ts';

const data = recordOf({ Gh: 3, Gw: 4 });
const first = firstView(data);
const html = await explorerHtml(data);

const captionOf = (page: Page) => expect.poll(() => page.locator('#caption').textContent());
/** It is written after the last change has settled. */
const fragmentOf = (page: Page) => expect.poll(() => new URL(page.url()).hash.slice(1));
const patch = (page: Page, row: number, column: number) =>
  page
    .locator('#cells')
    .getByRole('gridcell')
    .nth(row * data.grid.Gw + column);

/** Red, green, blue and alpha of each patch of the map. */
const pixelsOf = (page: Page) =>
  expect.poll(() =>
    page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('#map')!;
      // A copy: Chromium warns of reading one that was drawn on often.
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!;
      copy.drawImage(canvas, 0, 0);
      return [...copy.getImageData(0, 0, canvas.width, canvas.height).data];
    }),
  );

/** What a map's patches should look like, a patch below the threshold left clear. */
function coloursOf(map: ReturnType<typeof shownMap>, { mass = 100, colours = 'viridis' as const } = {}): number[] {
  const table = colourTable(colours);
  const threshold = thresholdOf(map.values, mass);
  const pixels = Array.from(map.values, (value) => {
    const index = 3 * Math.round((255 * value) / map.range.greatest);
    return value < threshold ? [0, 0, 0, 0] : Array.from([0, 1, 2], (i) => table[index + i]!).concat(255);
  });
  return pixels.flat();
}

describeInChromium('the explorer', (open: OpenFile) => {
  let tab: Tab;
  let page: Page;
  const start = async (fragment = '', options: Parameters<OpenFile>[2] = {}): Promise<void> => {
    tab = await open(html, fragment, { viewport: { width: 1280, height: 900 }, ...options });
    ({ page } = tab);
    await page.locator('html[data-ready]').waitFor();
  };
  afterEach(() => closeQuietTab(tab));

  describe('by mouse', () => {
    beforeEach(() => start());

    test('a patch that is pointed at shows where it looks, as long as it is', async () => {
      await captionOf(page).toContain('Where the class token looks in layer 2, mean of all heads.');
      await pixelsOf(page).toEqual(coloursOf(shownMap(data, first, 0)));
      await patch(page, 1, 2).hover();
      await captionOf(page).toContain('Where the patch 1,2 looks in layer 2');
      await pixelsOf(page).toEqual(coloursOf(shownMap(data, first, 2 + 6)));
      await page.mouse.move(5, 5);
      await captionOf(page).toContain('Where the class token looks');
    });

    test('a click keeps a patch, the others then tell their values, and a click lets go', async () => {
      await patch(page, 1, 2).click();
      await patch(page, 0, 3).hover();
      await captionOf(page).toContain('Where the patch 1,2 looks');
      await expect.poll(() => page.locator('#pointed').textContent()).toMatch(/^patch 0,3: [\d.]+ share of attention$/);
      await fragmentOf(page).toBe('method=attention&layer=2&head=mean&token=1,2');
      await patch(page, 1, 2).click();
      await patch(page, 0, 3).hover();
      await captionOf(page).toContain('Where the patch 0,3 looks');
    });

    test('a thumbnail opens its layer and head', async () => {
      await page.getByRole('gridcell', { name: /^layer 1, head 0/ }).click();
      await captionOf(page).toContain('layer 1, head 0');
      await fragmentOf(page).toBe('method=attention&layer=1&head=0&token=class');
    });

    test('another class is explained by a method of the class', async () => {
      await page.getByRole('radio', { name: 'dog' }).click();
      await captionOf(page).toBe('Relevance, all layers. For the class «dog». Exact values.');
      await fragmentOf(page).toContain('method=relevance&');
      await page.getByLabel('Method').selectOption('rollout');
      await captionOf(page).toContain('The same for every class.');
    });

    test('who looks at a token is its column', async () => {
      await page.getByLabel('who looks at it').click();
      await captionOf(page).toContain('Who looks at the class token');
      await pixelsOf(page).toEqual(coloursOf(shownMap(data, { ...first, direction: 'to' }, 0)));
    });
  });
});
