import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { shownMap, thresholdOf } from '../../src/report/explorer/client/shown-map.ts';
import { firstView, tokenName } from '../../src/report/explorer/client/view.ts';
import { colourTable } from '../../src/report/figure/colour-map.ts';
import type { ColourMapName } from '../../src/report/figure/colour-map.ts';
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
const focused = (page: Page) =>
  expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')));

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

/** What a map's patches should look like, those below the threshold left clear. */
function coloursOf(
  map: ReturnType<typeof shownMap>,
  { mass = 100, colours = 'viridis' }: { mass?: number; colours?: ColourMapName } = {},
): number[] {
  const table = colourTable(colours);
  const threshold = thresholdOf(map.values, mass);
  const pixels = Array.from(map.values, (value) => {
    const index = 3 * Math.round(255 * Math.min(1, value / map.range.greatest));
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
      await captionOf(page).toContain('Where patch 1,2 looks in layer 2');
      await pixelsOf(page).toEqual(coloursOf(shownMap(data, first, 2 + 6)));
      await page.mouse.move(5, 5);
      await captionOf(page).toContain('Where the class token looks');
    });

    test('a click keeps a patch, the others then tell their values, and a click lets go', async () => {
      await patch(page, 1, 2).click();
      await patch(page, 0, 3).hover();
      await captionOf(page).toContain('Where patch 1,2 looks');
      const told = /^patch 0,3: [\d.]+ ± [\d.e-]+ share of attention$/;
      await expect.poll(() => page.locator('#pointed').textContent()).toMatch(told);
      await fragmentOf(page).toBe('method=attention&layer=2&head=mean&token=1,2');
      await patch(page, 1, 2).click();
      await patch(page, 0, 3).hover();
      await captionOf(page).toContain('Where patch 0,3 looks');
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

    test('every exact number is read back as the float32 that it is', async () => {
      await page.getByRole('button', { name: 'layer 2, head 1' }).click();
      await page.getByRole('button', { name: 'patch 0,3' }).click();
      const one = data.steps[1]!;
      const [keys, , vectors] = await page
        .locator('#steps-body table')
        .evaluateAll((tables) =>
          tables.map((table) =>
            [...table.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent)),
          ),
        );
      for (const [name, ...numbers] of keys!) {
        const key = tokens.indexOf(name!);
        expect(numbers.map(Number).map(Math.fround)).toEqual([one.scores[key], one.scaled[key], one.weights[key]]);
      }
      expect(keys).toHaveLength(tokens.length);
      const chosen = tokens.indexOf('patch 0,3');
      for (const [name, q, k, product, v, weighted, sum] of vectors!) {
        const d = Number(name);
        const [key, value] = [one.keys[chosen * one.query.length + d]!, one.values[chosen * one.query.length + d]!];
        expect([q, k, v, sum].map((text) => Math.fround(Number(text)))).toEqual([
          one.query[d],
          key,
          value,
          one.output[d],
        ]);
        expect(Number(product)).toBeCloseTo(one.query[d]! * key, 6);
        expect(Number(weighted)).toBeCloseTo(one.weights[chosen]! * value, 6);
      }
      await fragmentOf(page).toBe('method=attention&layer=2&head=1&token=class&key=0,3');
    });
  });

  describe('by keyboard', () => {
    beforeEach(() => start());

    test('Tab reaches every control once, and the grids are one stop each', async () => {
      const seen: string[] = [];
      for (let i = 0; i < 60; i += 1) {
        await page.keyboard.press('Tab');
        const stop = await page.evaluate(() => {
          const at = document.activeElement!;
          const grid = at.closest('[role=grid]')?.id;
          return at === document.body ? 'end' : (grid ?? at.id) || at.getAttribute('name') || at.textContent;
        });
        if (stop === 'end') break;
        seen.push(stop);
      }
      expect(seen).toEqual([
        ...tokens.slice(0, 2).map((name) => expect.stringContaining(name)),
        ...STOPS,
        ...tokens.map(() => expect.stringMatching(/^(class token|register 0|patch \d,\d)$/)),
        'dimensions',
      ]);
    });

    test('arrows move over patches, Enter keeps one, Escape lets go', async () => {
      await page.locator('#tokens button').last().focus();
      await page.keyboard.press('Tab');
      await captionOf(page).toContain('Where patch 0,0 looks');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowDown');
      await captionOf(page).toContain('Where patch 1,1 looks');
      await page.keyboard.press('Enter');
      await page.keyboard.press('End');
      await focused(page).toMatch(/^patch 1,3: /);
      await captionOf(page).toContain('Where patch 1,1 looks');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+End');
      await captionOf(page).toContain('Where patch 2,3 looks');
      await fragmentOf(page).toContain('token=2,3');
    });

    test('sliders: layer, head, threshold, opacity', async () => {
      await page.locator('#layer').focus();
      await page.keyboard.press('ArrowLeft');
      await page.locator('#head').focus();
      await page.keyboard.press('End');
      await captionOf(page).toContain('in layer 1, head 1.');
      await page.locator('#mass').focus();
      await page.keyboard.press('Home');
      const map = shownMap(data, { ...first, layer: 1, head: 1 }, 0);
      await pixelsOf(page).toEqual(coloursOf(map, { mass: 1 }));
      await page.locator('#opacity').focus();
      await page.keyboard.press('Home');
      await expect.poll(() => page.locator('#map').evaluate((canvas) => canvas.style.opacity)).toBe('0');
      await fragmentOf(page).toBe('method=attention&layer=1&head=1&token=class&mass=1&opacity=0');
    });

    test('the wall: arrows move, Enter opens', async () => {
      await page.locator('#wall [tabindex="0"]').focus();
      await focused(page).toMatch(/^layer 2, mean/);
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('PageDown');
      await focused(page).toMatch(/^layer 1, head 1/);
      await page.keyboard.press('Enter');
      await captionOf(page).toContain('in layer 1, head 1.');
    });
  });

  test('by touch: a tap keeps a patch and another tap lets go', async () => {
    await start('', { viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true });
    await patch(page, 2, 0).tap();
    await captionOf(page).toContain('Where patch 2,0 looks');
    await patch(page, 0, 1).tap();
    await captionOf(page).toContain('Where patch 0,1 looks');
    await page.getByRole('button', { name: 'class token' }).first().tap();
    await captionOf(page).toContain('Where the class token looks');
  });

  test('an address opens its view, and a new one is followed', async () => {
    await start(
      'method=attention&layer=0&head=1&token=register-0&direction=to&mass=60&opacity=30&colours=magma&key=0,1',
    );
    await captionOf(page).toContain('Who looks at register 0 in layer 0, head 1.');
    const view = { ...first, layer: 0, head: 1, direction: 'to' } as const;
    await pixelsOf(page).toEqual(coloursOf(shownMap(data, view, 1), { mass: 60, colours: 'magma' }));
    await expect.poll(() => page.locator('#opacity').inputValue()).toBe('30');
    await expect.poll(() => page.locator('#steps-body h3').last().textContent()).toBe('The key of patch 0,1');
    await page.evaluate(() => {
      window.location.hash = 'method=rollout';
    });
    await captionOf(page).toContain('Rollout');
    await page.reload();
    await captionOf(page).toContain('Rollout');
  });
});

/** Between the tokens before the patches and the keys of the steps. */
const STOPS = [
  'cells',
  'method',
  'layer',
  'head',
  'direction',
  'target',
  'mass',
  'opacity',
  'range',
  'colours',
  'Mouse, keys and touch',
  'wall',
  'layer 2, head 0',
  'layer 2, head 1',
];

const tokens = Array.from({ length: 14 }, (_, token) => tokenName(data.grid, token));
