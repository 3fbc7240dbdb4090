// Time and memory of one image against its number of tokens, up to 1024x1024 pixels: each size in a process of its own,
// so that the greatest memory is that size's. Needs `npm run build` and a native backend that loads. ROUNDS=9 asks for
// more rounds, PRECISION=bf16 for another precision.
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { native } from '../dist/tensor/backends/native/index.js';
import { inPrecision } from '../dist/tensor/precision.js';
import { geometryOf } from '../dist/vit/geometry.js';
import { variant } from '../dist/vit/variants.js';
import { inTurns, mebibytes, median, rounded, save } from './measure.mjs';
import { randomViT } from './random-vit.mjs';

const SIDES = [224, 384, 512, 768, 1024];
const MODELS = { 'ViT-Ti/16': 'Ti', 'ViT-B/16': 'B' };
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const PRECISION = process.env.PRECISION ?? 'f32';
const THREADS = 2;
const SELF = fileURLToPath(import.meta.url);

const [size, side] = process.argv.slice(2);
if (size === undefined) {
  await all();
} else {
  console.log(JSON.stringify(await one(size, Number(side))));
}

async function all() {
  const rows = [];
  for (const [model, letters] of Object.entries(MODELS)) {
    for (const pixels of SIDES) {
      const answer = execFileSync(process.execPath, [SELF, letters, String(pixels)], { encoding: 'utf8' });
      rows.push({ model, side: pixels, ...JSON.parse(answer) });
    }
  }
  console.table(rows);
  const { detail } = await native.load({ threads: THREADS });
  const what = 'one image through a network of random weights: milliseconds, and the greatest memory of the process';
  const command = 'node bench/tokens.bench.mjs';
  save('tokens', { what, command, native: detail, precision: PRECISION, rounds: ROUNDS }, rows);
}

async function one(letters, pixels) {
  const config = variant(letters, 16, { imageSize: { height: pixels, width: pixels } });
  await native.load({ threads: THREADS });
  const vit = randomViT(config, 1);
  const loaded = process.resourceUsage().maxRSS;
  const sides = { vit: { compute: () => void inPrecision(PRECISION, vit.compute) } };
  const milliseconds = (await inTurns(sides, { rounds: ROUNDS, warmUp: 1 })).vit;
  vit.dispose();
  const [before, most] = [loaded, process.resourceUsage().maxRSS].map((kibibytes) => mebibytes(kibibytes * 1024));
  const { numTokens } = geometryOf(config);
  return { tokens: numTokens, ms: rounded(median(milliseconds)), loadedMiB: before, peakMiB: most };
}
