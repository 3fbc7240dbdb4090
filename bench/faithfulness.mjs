// Deletion and insertion areas of every method on photographs, which it writes into docs/attention-maps.md. Needs
// `npm run build`, and the folder of weights and photographs:
//
//     node bench/faithfulness.mjs ../shared/assets
//
// Goes on where it was stopped: bench/results/faithfulness.json is written after every photograph, and
// so is the page. The same seed gives the same orders, so the same numbers but for rounding on other backends.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

import { loadModel } from '../dist/index.js';
import { writeBetween } from './measure.mjs';

const PHOTOS = ['chelsea.png', 'coffee.png', 'parrot.jpg', 'bird.bmp', 'dragonfly.bmp', 'hot_dog.jpg'];
const SETTINGS = { model: 'vit-tiny-patch16-224', orders: 32, steps: 8, masks: 250, seed: 1 };
const RESULTS = new URL('results/faithfulness.json', import.meta.url);

const [assets = '../shared/assets'] = process.argv.slice(2);
const known = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
const photos = JSON.stringify(known.settings) === JSON.stringify(SETTINGS) ? known.photos : {};
report();
const open = PHOTOS.filter((photo) => photos[photo] === undefined);
if (open.length > 0) await scorePhotos(open);

async function scorePhotos(names) {
  const { orders, steps, seed, masks } = SETTINGS;
  const model = await loadModel(`${assets}/${SETTINGS.model}`, { threads: 1 });
  for (const photo of names) {
    const start = performance.now();
    const found = await model.faithfulness(`${assets}/photos/${photo}`, { orders, steps, seed, maps: { masks } });
    photos[photo] = rounded(found);
    writeFileSync(RESULTS, `${JSON.stringify({ settings: SETTINGS, photos }, undefined, 1)}\n`);
    report();
    console.error(`${photo}: ${((performance.now() - start) / 1000).toFixed(0)} s on ${model.info.backend}`);
  }
  model.dispose();
}

/** What is known so far. */
function report() {
  const done = PHOTOS.filter((photo) => photos[photo] !== undefined);
  if (done.length === 0) return;
  const tables = ['grey', 'blur'].flatMap((fill) => ['deletion', 'insertion'].map((curve) => table(done, fill, curve)));
  const { orders, steps, masks } = SETTINGS;
  const head = `ViT-Ti/16, ${done.length} of ${PHOTOS.length} photographs, the likeliest class of each, ${orders} random orders, ${steps} steps, RISE with ${masks} masks. Bold: better than 97.5 in 100 random orders. Random: mean [95 in 100 lie between].`;
  const block = [head, '', explained(done), '', ...tables, '**all together**\n', summary(done)].join('\n');
  writeBetween('attention-maps.md', 'faithfulness', block);
}

/** What is explained, and what is left of it when the whole photograph is replaced. */
function explained(done) {
  const lines = done.map((photo) => {
    const { target, emptied } = photos[photo];
    return `${nameOf(photo)}: ${target.label} ${target.probability}, ${emptied.grey} of it all grey, ${emptied.blur} all blurred`;
  });
  return `${lines.join('; ')}.`;
}

function nameOf(photo) {
  return photo.replace(/\..*/, '');
}

function four(x) {
  return Number(x.toFixed(4));
}

/** What the tables need, to four digits; curves stay out. */
function rounded({ target, emptied, random, scores }) {
  const pick = ({ area, p, beatsRandom }) => ({ area: four(area), p: four(p), beatsRandom });
  return {
    target: { ...target, probability: four(target.probability) },
    emptied: Object.fromEntries(Object.entries(emptied).map(([fill, left]) => [fill, four(left)])),
    random: random.map(({ fill, mean, low, high }) => ({ fill, mean: four(mean), low: four(low), high: four(high) })),
    scores: scores.map(({ method, fill, deletion, insertion }) => ({
      method,
      fill,
      deletion: pick(deletion),
      insertion: pick(insertion),
    })),
  };
}

function methods(done) {
  return [...new Set(photos[done[0]].scores.map(({ method }) => method))];
}

function table(done, fill, curve) {
  const better = curve === 'deletion' ? 'less is better' : 'more is better';
  const lines = [
    `**${curve}, ${fill}** (${better})\n`,
    `| | ${done.map((photo) => nameOf(photo)).join(' | ')} | beats random |`,
    `| --- |${' ---: |'.repeat(done.length + 1)}`,
  ];
  for (const method of methods(done)) {
    const scores = done.map((photo) => scoreOf(photo, method, fill)[curve]);
    const areas = scores.map(({ area, beatsRandom }) => (beatsRandom ? `**${area.toFixed(3)}**` : area.toFixed(3)));
    const wins = scores.filter(({ beatsRandom }) => beatsRandom).length;
    lines.push(`| ${method} | ${areas.join(' | ')} | ${wins} of ${done.length} |`);
  }
  const chance = done.map((photo) => {
    const { mean, low, high } = photos[photo].random.find((one) => one.fill === fill);
    return `${mean.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  });
  lines.push(`| random | ${chance.join(' | ')} | |`, '');
  return lines.join('\n');
}

function scoreOf(photo, method, fill) {
  return photos[photo].scores.find((score) => score.method === method && score.fill === fill);
}

/**
 * On how many of all photographs, fills and curves each method beats random orders and does worse than their mean; and for how
 * many of the fills and curves it beats them on the median photograph, by what lies between its area and theirs.
 */
function summary(done) {
  const lines = [
    '| | beats random | on the median photograph | worse than the mean of random |',
    '| --- | ---: | ---: | ---: |',
  ];
  const settings = ['grey', 'blur'].flatMap((fill) => ['deletion', 'insertion'].map((curve) => ({ fill, curve })));
  for (const method of methods(done)) {
    const margins = settings.map((setting) => done.map((photo) => marginOf(photo, method, setting)));
    const all = margins.flat();
    const wins = all.filter(({ beyondAll }) => beyondAll > 0).length;
    const losses = all.filter(({ beyondMean }) => beyondMean < 0).length;
    const onMedian = margins.filter((photo) => median(photo.map(({ beyondAll }) => beyondAll)) > 0).length;
    lines.push(`| ${method} | ${wins} of ${all.length} | ${onMedian} of ${settings.length} | ${losses} |`);
  }
  return lines.join('\n');
}

/** How much better than random orders: than the 95 in 100 of them, and than their mean. */
function marginOf(photo, method, { fill, curve }) {
  const { area } = scoreOf(photo, method, fill)[curve];
  const { mean, low, high } = photos[photo].random.find((one) => one.fill === fill);
  return curve === 'deletion'
    ? { beyondAll: low - area, beyondMean: mean - area }
    : { beyondAll: area - high, beyondMean: area - mean };
}

/** Of an even number the lower of the two in the middle: what is said of it holds for at least half. */
function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}
