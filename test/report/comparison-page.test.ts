import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';

import { imageNames, shortNames } from '../../src/report/comparison-names.ts';
import { comparisonPage } from '../../src/report/comparison-page.ts';
import { summariseComparison } from '../../src/report/comparison-summary.ts';
import { visible } from '../../src/report/markup.ts';
import { comparisonRecord, HOSTILE } from './comparison-record.ts';

const PICTURE = 'data:image/jpeg;base64,AAAA';

test('names from outside stand in the page as text, and nothing of them as markup', async () => {
  const html = await comparisonPage(comparisonRecord(), new Map([[HOSTILE[0], PICTURE]]));
  const { document } = parseHTML(html);
  const shown = Array.from(document.querySelectorAll('.gallery .name'), ({ textContent }) => textContent);
  for (const path of HOSTILE) expect(shown).toContain(visible(path));
  expect(html).not.toContain('\u202e');
  expect(document.querySelectorAll('script')).toHaveLength(1);
  expect(document.querySelectorAll('main b, main i, main script')).toHaveLength(0);
  const sources = new Set(Array.from(document.querySelectorAll('img'), (image) => image.getAttribute('src')));
  expect([...sources]).toEqual([PICTURE]);
  expect([...html.matchAll(/\son\w+=/g)].filter(([text]) => text !== ' onerror=')).toEqual([]);
  expect(document.querySelector('title')!.textContent).toBe('vit and mobilenet and <b>net compared');
});

test('nothing in it loads from anywhere', async () => {
  const html = await comparisonPage(comparisonRecord());
  expect(html).not.toMatch(/https?:\/\//);
  expect(html).not.toMatch(/<(?:link|iframe|object|embed|base)\b/);
  expect(html).toContain("default-src 'none'");
});

test('every chart has a caption and says in words what it shows', async () => {
  const { document } = parseHTML(await comparisonPage(comparisonRecord()));
  const charts = [...document.querySelectorAll('figure.chart')];
  // Cost, reliability, two curves, and an alignment for each pair.
  expect(charts).toHaveLength(7);
  for (const chart of charts) {
    expect(chart.querySelector('figcaption')!.textContent).not.toBe('');
    const svg = chart.querySelector('svg')!;
    expect(svg.getAttribute('role')).toBe('img');
    expect(svg.getAttribute('aria-label')!.length).toBeGreaterThan(20);
    expect(svg.querySelectorAll('path, circle, rect').length).toBeGreaterThan(1);
  }
});

test('what was not measured is left out', async () => {
  const record = comparisonRecord(['only']);
  const [model] = record.models;
  const bare = { ...model!, accuracy: null, speed: null, memory: null };
  const unlabelled = { ...record.data, labelled: 0, convention: null, classes: [], failures: [] };
  const html = await comparisonPage({ ...record, data: unlabelled, models: [bare], robustness: [] });
  const { document } = parseHTML(html);
  expect(document.querySelectorAll('h2').length).toBe(2);
  expect(document.querySelector('main')!.textContent).not.toMatch(/NaN|undefined|null|Infinity/);
  expect(document.querySelectorAll('figure')).toHaveLength(0);
});

test('models are named by the ends of their paths, as far as that tells them apart', () => {
  const names = (...paths: string[]) => shortNames(comparisonRecord(paths));
  expect(names('x/vit', 'y/resnet/')).toEqual(['vit', 'resnet']);
  expect(names('x/model', 'y/model')).toEqual(['x/model', 'y/model']);
  expect(names('/srv/a/x/model', '/srv/b/x/model', '/srv/vit')).toEqual(['a/x/model', 'b/x/model', 'vit']);
  expect(names('model', 'x/model')).toEqual(['model', 'x/model']);
  expect(names('/srv/vit/model.safetensors', 'C:\\nets\\mobilenet\\model.json')).toEqual(['vit', 'mobilenet']);
  expect(names('org/vit', 'org/vit')).toEqual(['vit (1)', 'vit (2)']);
  expect(names('/')).toEqual(['model (1)']);
});

test('images are named from the compared folder on, or from the one that holds all of them', () => {
  const named = (source: string, ...paths: string[]) => {
    const { data, pairs } = comparisonRecord();
    const mostDifferent = paths.map((path) => ({ ...pairs[0]!.mostDifferent[0]!, path }));
    const shown = imageNames({ data: { ...data, source, failures: [] }, pairs: [{ ...pairs[0]!, mostDifferent }] });
    return paths.map((path) => shown(path));
  };
  expect(named('/srv/photos/', '/srv/photos/cat/1.jpg', '/srv/photos/2.jpg')).toEqual(['cat/1.jpg', '2.jpg']);
  expect(named('./photos', 'photos/cat/1.jpg')).toEqual(['cat/1.jpg']);
  expect(named('.', 'cat/1.jpg')).toEqual(['cat/1.jpg']);
  expect(named('C:\\photos', 'C:\\photos\\cat\\1.jpg')).toEqual(['cat\\1.jpg']);
  expect(named('set/labels.csv', '/srv/set/cat/1.jpg', '/srv/set/dog/1.jpg')).toEqual(['cat/1.jpg', 'dog/1.jpg']);
  expect(named('photos', '/srv/1.jpg', '../2.jpg')).toEqual(['/srv/1.jpg', '../2.jpg']);
  expect(named('photos')).toEqual([]);
});

test('no path to a folder stands in the page', async () => {
  const record = comparisonRecord(['/home/somebody/vit', '/home/somebody/resnet/model.json']);
  const inHome = (path: string) => `/home/somebody/photos/${path}`;
  const pairs = record.pairs.map((pair) =>
    Object.assign(
      { ...pair },
      { mostDifferent: pair.mostDifferent.map((image) => Object.assign({ ...image }, { path: inHome('cat/1.jpg') })) },
    ),
  );
  const failures = [
    { path: inHome('bad.jpg'), code: 'IMAGE_UNREADABLE', message: `${inHome('bad.jpg')}: expected an image` },
  ];
  const data = { ...record.data, source: '/home/somebody/photos', failures };
  const html = await comparisonPage({ ...record, data, pairs });
  expect(html).not.toContain('somebody');
  const { document } = parseHTML(html);
  expect(document.querySelector('.gallery .name')!.textContent).toBe('cat/1.jpg');
  expect(document.querySelector('main')!.textContent).toContain('bad.jpg: expected an image');
  expect(document.querySelector('main')!.textContent).toContain('images of photos,');
  expect(summariseComparison(record).models.map(([name]) => name)).toEqual(['Model', 'vit', 'resnet']);
});

test('the summary for a terminal leaves out columns that nobody has anything to say in', () => {
  const record = comparisonRecord();
  const [head, ...rows] = summariseComparison(record).models;
  expect(head).toHaveLength(11);
  expect(rows.every((row) => row.length === 11)).toBe(true);
  const timed = record.models.map((model, m) => (m === 0 ? model : { ...model, speed: null }));
  const [, , second] = summariseComparison({ ...record, models: timed }).models;
  expect(second!.slice(7, 10)).toEqual(['-', '-', '-']);
  const silent = record.models.map((model) => Object.assign({ ...model }, { speed: null, memory: null }));
  expect(summariseComparison({ ...record, models: silent }).models[0]).toHaveLength(7);
});
