// Deletion and insertion areas of every method on photographs, which it writes into docs/attention-maps.md. Needs
// `npm run build`, and the folder of weights and photographs:
//
//     node bench/faithfulness.mjs ../shared/assets
//
// Goes on where it was stopped: bench/results/faithfulness.json is written after every photograph. The same
// seed gives the same orders, so the same numbers but for rounding on other backends.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

import { loadModel } from '../dist/index.js';

const PHOTOS = ['chelsea.png', 'coffee.png', 'parrot.jpg', 'bird.bmp', 'dragonfly.bmp', 'hot_dog.jpg'];
const SETTINGS = { model: 'vit-tiny-patch16-224', orders: 32, steps: 8, masks: 250, seed: 1 };
const PAGE = new URL('../docs/attention-maps.md', import.meta.url);
const RESULTS = new URL('results/faithfulness.json', import.meta.url);

const [assets = '../shared/assets'] = process.argv.slice(2);
const known = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
const photos = JSON.stringify(known.settings) === JSON.stringify(SETTINGS) ? known.photos : {};
const open = PHOTOS.filter((photo) => photos[photo] === undefined);
if (open.length > 0) await scorePhotos(open);
if (PHOTOS.every((photo) => photos[photo] !== undefined)) report();

async function scorePhotos(names) {
  const { orders, steps, seed, masks } = SETTINGS;
  const model = await loadModel(`${assets}/${SETTINGS.model}`, { threads: 1 });
  for (const photo of names) {
    const start = performance.now();
    const found = await model.faithfulness(`${assets}/photos/${photo}`, { orders, steps, seed, maps: { masks } });
    photos[photo] = rounded(found);
    writeFileSync(RESULTS, `${JSON.stringify({ settings: SETTINGS, photos }, undefined, 1)}\n`);
    console.error(`${photo}: ${((performance.now() - start) / 1000).toFixed(0)} s on ${model.info.backend}`);
  }
  model.dispose();
}

function report() {
  const tables = ['grey', 'blur'].flatMap((fill) => ['deletion', 'insertion'].map((curve) => table(fill, curve)));
  const { orders, steps, masks } = SETTINGS;
  const head = `ViT-Ti/16, the likeliest class of each photograph, ${orders} random orders, ${steps} steps, RISE with ${masks} masks. Bold: better than 97.5 in 100 random orders. Random: mean [95 in 100 lie between].`;
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split('<!-- faithfulness -->');
  const after = rest.split('<!-- /faithfulness -->')[1];
  const block = [head, '', explained(), '', ...tables, '**all together**\n', summary()].join('\n');
  writeFileSync(PAGE, `${before}<!-- faithfulness -->\n${block}\n<!-- /faithfulness -->${after}`);
  console.log(block);
}

/** What is explained, and what is left of it when the whole photograph is replaced. */
function explained() {
  const lines = PHOTOS.map((photo) => {
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

function methods() {
  return [...new Set(photos[PHOTOS[0]].scores.map(({ method }) => method))];
}

function table(fill, curve) {
  const better = curve === 'deletion' ? 'less is better' : 'more is better';
  const lines = [
    `**${curve}, ${fill}** (${better})\n`,
    `| | ${PHOTOS.map((photo) => nameOf(photo)).join(' | ')} | beats random |`,
    `| --- |${' ---: |'.repeat(PHOTOS.length + 1)}`,
  ];
  for (const method of methods()) {
    const scores = PHOTOS.map((photo) => scoreOf(photo, method, fill)[curve]);
    const areas = scores.map(({ area, beatsRandom }) => (beatsRandom ? `**${area.toFixed(3)}**` : area.toFixed(3)));
    const wins = scores.filter(({ beatsRandom }) => beatsRandom).length;
    lines.push(`| ${method} | ${areas.join(' | ')} | ${wins} of ${PHOTOS.length} |`);
  }
  const chance = PHOTOS.map((photo) => {
    const { mean, low, high } = photos[photo].random.find((one) => one.fill === fill);
    return `${mean.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  });
  lines.push(`| random | ${chance.join(' | ')} | |`, '');
  return lines.join('\n');
}

function scoreOf(photo, method, fill) {
  return photos[photo].scores.find((score) => score.method === method && score.fill === fill);
}

/** On how many of all photographs, fills and curves each method beats random orders, and does worse than their mean. */
function summary() {
  const lines = ['| | beats random | worse than the mean of random |', '| --- | ---: | ---: |'];
  for (const method of methods()) {
    let [wins, losses, all] = [0, 0, 0];
    for (const photo of PHOTOS) {
      for (const { fill, mean } of photos[photo].random) {
        for (const curve of ['deletion', 'insertion']) {
          const { area, beatsRandom } = scoreOf(photo, method, fill)[curve];
          all += 1;
          wins += Number(beatsRandom);
          losses += Number(curve === 'deletion' ? area > mean : area < mean);
        }
      }
    }
    lines.push(`| ${method} | ${wins} of ${all} | ${losses} |`);
  }
  return lines.join('\n');
}
