// npm run test:kill: a training run that is killed (SIGKILL) KILLS times (default 20) at random moments, each time taken up
// again by --resume, with states saved as often as after every step. Ends with 1 unless every resume works and the
// log, the metrics of the trials in it and the weights are in the end those of a run that was never interrupted.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import sharp from 'sharp';

const KILLS = Number(process.env.KILLS ?? 20);
const SEED = Number(process.env.SEED ?? 1);
const STEPS = 200;
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const NETWORK = ['--patch-size', '8', '--image-size', '16', '--dim', '24', '--depth', '2', '--heads', '2'];
const RECIPE = [
  '--steps',
  String(STEPS),
  '--batch-size',
  '8',
  '--validate-every',
  '25',
  '--rand-augment',
  '2,9',
  '--mixup',
  '0.8',
  '--average',
  '0.9',
];
/** Seconds between states: after every step, or now and then. */
const SAVE_EVERY = ['0', '0', '0.2', '1'];

const WHILE_STARTING = 0.2;

const random = generator(SEED);
const folder = await mkdtemp(join(tmpdir(), 'patchlens-kill-'));
try {
  await main();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function main() {
  await drawImages();
  const began = Date.now();
  await finished(train('whole', '300'));
  const whole = Date.now() - began;
  const expected = await outcomeOf('whole');
  console.log(`${STEPS} steps without interruption: ${(whole / 1000).toFixed(1)} s, ${expected.last}`);
  const moments = [];
  for (let run = 1; moments.length < KILLS; run += 1) {
    const killsBefore = moments.length;
    while (!(await killedOrDone(`run-${run}`, whole, moments)));
    compare(`run-${run}`, expected, await outcomeOf(`run-${run}`));
    const kills = moments.slice(killsBefore);
    console.log(`run ${run}, killed at ${kills.join(', ')}: the same log, metrics and weights in the end`);
  }
  console.log(`${moments.length} kills, every resume went on`);
}

/** Takes the run up and kills it at a random moment; true when it was over before, or when there is no kill left. */
async function killedOrDone(name, whole, moments) {
  const child = train(name, SAVE_EVERY[Math.floor(random() * SAVE_EVERY.length)]);
  const end = finished(child);
  if (moments.length < KILLS) {
    const over = end.catch((error) => error);
    // Now and then while it starts, else while it trains.
    if (random() < WHILE_STARTING) await Promise.race([over, wait(random() * whole)]);
    else await Promise.race([over, trainsOn(name, child).then(() => wait((random() * whole) / 4))]);
    child.kill('SIGKILL');
    const code = await over;
    if (code?.signal !== 'SIGKILL') {
      if (code instanceof Error) throw code;
      return true;
    }
    moments.push(await stepOf(name));
    return false;
  }
  await end;
  return true;
}

/** Resolves when the log has a new line. */
async function trainsOn(name, child) {
  const began = await sizeOfLog(name);
  while (child.exitCode === null && (await sizeOfLog(name)) <= began) await wait(10);
}

async function sizeOfLog(name) {
  return (await readFile(join(folder, name, 'log.jsonl')).catch(() => '')).length;
}

function train(name, saveEvery) {
  const images = join(folder, 'images');
  const run = [
    '--output',
    join(folder, name),
    '--resume',
    '--validation',
    images,
    '--save-every',
    saveEvery,
    '--quiet',
  ];
  return spawn(process.execPath, [MAIN, 'train', images, ...run, ...NETWORK, ...RECIPE], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

function finished(child) {
  let said = '';
  child.stderr.on('data', (bytes) => (said += bytes));
  return new Promise((resolve, reject) => {
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(Object.assign(new Error(`expected a run that goes on, got ${signal ?? code}: ${said}`), { signal }));
    });
  });
}

/** Where the run was when it was killed. */
async function stepOf(name) {
  const text = await readFile(join(folder, name, 'log.jsonl'), 'utf8').catch(() => '');
  const line = text.split('\n').findLast((candidate) => candidate.startsWith('{"step"'));
  return line === undefined ? 'the start' : `step ${/\d+/.exec(line)[0]}`;
}

async function outcomeOf(name) {
  const text = await readFile(join(folder, name, 'log.jsonl'), 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.stringify({ ...JSON.parse(line), imagesPerSecond: undefined }));
  return { lines, weights: await readFile(join(folder, name, 'model.safetensors')), last: lines.at(-1) };
}

function compare(name, expected, got) {
  const at = expected.lines.findIndex((line, i) => line !== got.lines[i]);
  if (at >= 0 || got.lines.length !== expected.lines.length) {
    throw new Error(`${name}: line ${at + 1}: expected ${expected.lines[at]}, got ${got.lines[at]}`);
  }
  if (!expected.weights.equals(got.weights)) throw new Error(`${name}: expected the same weights, got others`);
}

async function drawImages() {
  for (const name of ['bottom', 'top']) {
    await mkdir(join(folder, 'images', name), { recursive: true });
    for (let i = 0; i < 16; i += 1) {
      const raw = Buffer.alloc(16 * 16 * 3);
      for (let at = 0; at < 16 * 16 * 3; at += 1) {
        const isBright = at < 16 * 8 * 3 === (name === 'top');
        raw[at] = Math.floor(random() * (isBright ? 256 : 128));
      }
      await sharp(raw, { raw: { width: 16, height: 16, channels: 3 } }).toFile(
        join(folder, 'images', name, `${i}.png`),
      );
    }
  }
}

/** Park and Miller's numbers in 0…1. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
