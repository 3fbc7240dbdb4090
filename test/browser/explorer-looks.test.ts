import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';

import { loadModel } from '../../src/use-cases/classify.ts';
import { visible } from '../../src/report/markup.ts';
import { SHAPES, SHAPES_VIT } from '../support/shapes-vit.ts';
import { recordOf } from '../report/explorer/record.ts';
import { closeQuietTab, describeInChromium } from './chromium.ts';
import { leastContrasts } from './contrast.ts';
import { explorerHtml } from './explorer.ts';
import { faultsOf } from './faults.ts';

const WIDTHS = [360, 1280] as const;
const SCHEMES = ['light', 'dark'] as const;
/** Of WCAG 2.2, level AA, for text of any size. */
const LEAST_CONTRAST = 4.5;
/** CSS pixels of the same, for what is clicked. */
const LEAST_TARGET = 24;

const SHOWN = [
  { name: 'a square grid of ViT-Ti', sizes: { Gh: 14, Gw: 14, prefix: ['class'], depth: 12, numHeads: 3, Dh: 64 } },
  {
    name: 'a wide grid with registers and no class token',
    sizes: { Gh: 5, Gw: 14, prefix: [0, 1, 2, 3].map((i) => `register ${i}`), depth: 2, numHeads: 4, Dh: 16 },
  },
];

/** Everything that is clicked and smaller than it should be. */
function smallTargets(page: Page): Promise<string[]> {
  return page
    .locator('button, select, input[type=range], label:has(input[type=radio]), summary, [role=gridcell]')
    .evaluateAll(
      (found, least) =>
        found
          .map((target) => ({ target, box: target.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 0 && Math.min(box.width, box.height) < least)
          .map(({ target, box }) => `${target.id || target.textContent}: ${box.width} × ${box.height}`),
      LEAST_TARGET,
    );
}

describeInChromium('the looks of the explorer', (open) => {
  describe.each(SHOWN)('for $name', ({ sizes }) => {
    const html = explorerHtml(recordOf(sizes));

    test.each(WIDTHS.flatMap((width) => SCHEMES.map((colorScheme) => ({ width, colorScheme }))))(
      '$width pixels, $colorScheme: legible, nothing cut off, all of it large enough to hit',
      async ({ width, colorScheme }) => {
        const tab = await open(await html, '', { viewport: { width, height: 800 }, colorScheme, bypassCSP: true });
        await tab.page.locator('html[data-ready]').waitFor();
        expect(await faultsOf(tab.page)).toEqual([]);
        // Text over gradients, which axe-core leaves undecided, is measured too.
        expect(await leastContrasts(tab.page, LEAST_CONTRAST)).toEqual([]);
        expect(await tab.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        expect(await smallTargets(tab.page)).toEqual([]);
        await closeQuietTab(tab);
      },
    );
  });

  test('text that is hard to read would be found', async () => {
    const tab = await open('<body style="background: #eee"><p style="color: #7f7f7f">grey</p><p>black</p></body>');
    expect(await leastContrasts(tab.page, LEAST_CONTRAST)).toEqual(['grey: 3.45']);
    await closeQuietTab(tab);
  });

  test('names from outside are text, whatever is in them', async () => {
    const labels = [
      '<script>alert(1)</script>',
      `"double" 'single' & &amp; \\`,
      'two\nlines',
      '<!-- <script>',
      '\u202Eleft',
    ];
    const data = recordOf(
      {},
      {
        title: '</title><script>alert(1)</script>\n"photo".png',
        model: { name: '<b>', architecture: '<img src=x onerror=alert(1)>', backend: 'cpu', precision: 'f32' },
        predictions: labels.map((label, i) => ({ index: i === 0 ? 7 : i, label, probability: 0.2 })),
        maps: [],
      },
    );
    const tab = await open(await explorerHtml(data));
    await tab.page.locator('html[data-ready]').waitFor();
    expect(await tab.page.locator('#predictions .name').allTextContents()).toEqual(labels.map(visible));
    expect(await tab.page.locator('h1').textContent()).toBe(visible(data.title));
    expect(await tab.page.title()).toBe(visible(data.title));
    expect(await tab.page.locator('#model').textContent()).toContain('<img src=x onerror=alert(1)>');
    expect(await tab.page.locator('script').count()).toBe(3);
    await closeQuietTab(tab);
  });

  test('a page of the embedded model shows its star', async () => {
    using model = await loadModel(SHAPES_VIT, { backend: 'wasm' });
    const data = await model.explore(`${SHAPES}star/gold.png`, { photograph: 'gold.png' });
    const tab = await open(await explorerHtml(data), 'method=relevance');
    await expect.poll(() => tab.page.locator('#caption').textContent()).toContain('For the class «star».');
    const image = tab.page.locator('#picture');
    expect(await image.evaluate((picture: HTMLImageElement) => picture.naturalWidth)).toBeGreaterThan(0);
    await closeQuietTab(tab);
  });
});
