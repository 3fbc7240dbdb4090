// How large the explorer's page is, how soon it is drawn in a headless Chromium, and how soon it follows the pointer. The
// attention is random, which is the least that can be compressed: pages of real networks are no larger. Needs `npm run
// build` and a Chromium: CHROMIUM=/usr/bin/chromium node bench/explorer.bench.mjs. ROUNDS=21 asks for more rounds.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';
import sharp from 'sharp';

import { explorerPage } from '../dist/use-cases/attention/explorer.js';
import { emptyAttention } from '../dist/report/explorer/quantise.js';
import { median, uniform, writeBetween, writeResult } from './measure.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 9);
const MODELS = {
  'ViT-Ti/16': { depth: 12, numHeads: 3, Dh: 64, limitMegabytes: 3 },
  'ViT-B/16': { depth: 12, numHeads: 12, Dh: 64, limitMegabytes: 15 },
};
const GRID = { Gh: 14, Gw: 14, prefix: ['class'] };
const N = 197;
const signed = uniform(1);
const random = () => (signed() + 1) / 2;

const folder = mkdtempSync(join(tmpdir(), 'patchlens-explorer-'));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const pages = {};
  for (const [name, sizes] of Object.entries(MODELS)) pages[name] = await pageOf(name, sizes);
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const page of Object.values(pages)) {
      const times = await timesOf(page.file);
      if (round >= 0) page.times.push(times);
    }
  }
  report(pages);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}

/** A file of the largest page that a network of these sizes can make with the default options. */
async function pageOf(name, { depth, numHeads, Dh }) {
  const attention = emptyAttention(
    GRID,
    Array.from({ length: depth }, (_, layer) => layer),
    numHeads,
  );
  for (let i = 0; i < attention.patches.length; i += 1) attention.patches[i] = 256 * random();
  for (const exact of [attention.greatest, attention.prefix]) {
    for (let i = 0; i < exact.length; i += 1) exact[i] = random() / 10;
  }
  const predictions = [5, 4, 3, 2, 1].map((index) => ({ index, label: `class ${index}`, probability: index / 15 }));
  const ofClass = ['relevance', 'gradient-rollout', 'attention-gradient', 'attention-cam', 'grad-cam'];
  const data = {
    title: name,
    model: { name, architecture: name, backend: 'none', precision: 'f32' },
    pictures: await picturesOf(),
    grid: GRID,
    token: 0,
    target: 5,
    attention,
    predictions,
    maps: [mapOf('rollout'), ...predictions.flatMap(({ index }) => ofClass.map((method) => mapOf(method, index)))],
    steps: Array.from({ length: numHeads }, (_, head) => ({
      layer: depth - 1,
      head,
      token: 0,
      scale: 1 / Math.sqrt(Dh),
      query: floats(Dh),
      keys: floats(N * Dh),
      values: floats(N * Dh),
      scores: floats(N),
      scaled: floats(N),
      weights: floats(N),
      output: floats(Dh),
    })),
  };
  const file = join(folder, `${numHeads}.html`);
  const pieces = [];
  for await (const piece of explorerPage(data)) pieces.push(piece);
  writeFileSync(file, pieces.join(''));
  return { file, megabytes: statSync(file).size / 1e6, times: [] };
}

function mapOf(method, target) {
  return { method, target, quantity: method, isSigned: false, values: floats(N - 1), prefix: [0.1] };
}

/** A photograph of 1024 × 768 with detail of every size, and the model's view of it. */
async function picturesOf() {
  const coarse = await noise(32, 24).resize(1024, 768).png().toBuffer();
  const fine = await noise(256, 192).resize(1024, 768).ensureAlpha(0.4).png().toBuffer();
  const photograph = await sharp(coarse)
    .composite([{ input: fine }])
    .png()
    .toBuffer();
  const jpeg = await sharp(photograph).jpeg({ quality: 90 }).toBuffer();
  const view = await sharp(photograph).resize(224, 224).png().toBuffer();
  return {
    view: { href: `data:image/png;base64,${view.toString('base64')}`, width: 224, height: 224 },
    photograph: {
      href: `data:image/jpeg;base64,${jpeg.toString('base64')}`,
      width: 1024,
      height: 768,
      crop: { left: 0.15, top: 0.05, width: 0.675, height: 0.9 },
    },
  };
}

function noise(width, height) {
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => 256 * random());
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** Milliseconds from the start of navigation until all is drawn, and from pointing at a patch until all has followed. */
async function timesOf(file) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(pathToFileURL(file).href);
  await page.locator('html[data-ready]').waitFor();
  const times = await page.evaluate(async () => {
    const cell = document.querySelectorAll('#cells [role=gridcell]')[100];
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    cell.dispatchEvent(new PointerEvent('pointerover', { bubbles: true, pointerType: 'mouse' }));
    await new Promise(requestAnimationFrame);
    // The page's own frame comes first, because it asked first; a task after it finds the layout done.
    await new Promise((resolve) => setTimeout(resolve));
    document.body.getBoundingClientRect();
    return { drawn: performance.getEntriesByName('drawn')[0].startTime, followed: performance.now() - start };
  });
  await context.close();
  return times;
}

function report(pages) {
  const rows = Object.entries(pages).map(([model, { megabytes, times }]) => ({
    model,
    megabytes: Math.round(100 * megabytes) / 100,
    limitMegabytes: MODELS[model].limitMegabytes,
    drawnMs: {
      median: tenths(median(times.map(({ drawn }) => drawn))),
      worst: tenths(Math.max(...times.map(({ drawn }) => drawn))),
    },
    followedMs: tenths(median(times.map(({ followed }) => followed))),
  }));
  const result = {
    what: `size of the page; milliseconds from navigation until drawn, and from pointing until followed; medians of ${ROUNDS} rounds in turns`,
    command: 'node bench/explorer.bench.mjs',
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} CPUs, load ${loadavg()[0].toFixed(1)}`,
    browser: `Chromium ${browser.version()}, headless`,
    rows,
  };
  console.log(JSON.stringify(result, undefined, 2));
  writeResult('explorer.json', result);
  writeTable(result);
}

function writeTable({ what, machine, browser: version, rows }) {
  const table = [
    '| page of | size | limit | drawn, median | worst | follows the pointer |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(
      ({ model, megabytes, limitMegabytes, drawnMs, followedMs }) =>
        `| ${model} | ${megabytes} MB | ${limitMegabytes} MB | ${drawnMs.median} ms | ${drawnMs.worst} ms | ${followedMs} ms |`,
    ),
  ];
  const caption = `${what[0].toUpperCase()}${what.slice(1)}; ${version}; ${machine}.`;
  writeBetween('explorer.md', 'bench', `${caption}\n\n${table.join('\n')}`);
}

function floats(length) {
  return Float32Array.from({ length }, () => random() - 0.5);
}

function tenths(value) {
  return Math.round(value * 10) / 10;
}
