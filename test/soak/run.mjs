// npm run soak: IMAGES (default 100,000) classified and LOADS (default 200) models loaded and disposed of, then two models
// at once and two worker threads. Ends with 1 when resident memory drifts by more than 5 % after the first tenth, when
// file descriptors or tensors are left over, or when the second half takes more processor time than the first by 15 %.
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, workerData } from 'node:worker_threads';

import { memory } from '@tensorflow/tfjs-core';
import sharp from 'sharp';

import { loadModel } from '../../dist/index.js';

const MODEL = fileURLToPath(new URL('../shapes-vit', import.meta.url));
const IMAGES = Number(process.env.IMAGES ?? 100_000);
const LOADS = Number(process.env.LOADS ?? 200);
const BACKEND = process.env.BACKEND ?? 'auto';
const MAX_DRIFT = 0.05;
const MAX_SLOWDOWN = 0.15;
const MEBI = 2 ** 20;
const faults = [];

if (isMainThread) await main();
else await classifyImages(workerData.paths, workerData.count);

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'patchlens-soak-'));
  try {
    const paths = await drawImages(folder);
    console.log(`${cpus()[0].model}, Node ${process.version}, backend ${BACKEND}`);
    await soakImages(paths);
    await soakLoads(paths);
    await soakTwoModels(paths);
    await soakWorkers(paths);
  } finally {
    await rm(folder, { recursive: true });
  }
  for (const fault of faults) console.error(`fault: ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

/** Of several sizes and kinds, one of them damaged. */
async function drawImages(folder) {
  const sizes = [64, 200, 333, 480];
  const paths = sizes.flatMap((side) => ['jpg', 'png', 'webp'].map((kind) => join(folder, `${side}.${kind}`)));
  for (const [i, path] of paths.entries()) {
    const side = sizes[Math.floor(i / 3)];
    const background = { r: (i * 53) % 256, g: (i * 97) % 256, b: (i * 31) % 256 };
    await sharp({ create: { width: side, height: side - 7, channels: 3, background } }).toFile(path);
  }
  const damaged = join(folder, 'damaged.jpg');
  await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } }).toFile(damaged);
  await truncated(damaged);
  return [...paths, damaged];
}

async function truncated(path) {
  await truncate(path, Math.floor((await stat(path)).size / 2));
}

function* repeated(paths, count) {
  for (let i = 0; i < count; i++) yield paths[i % paths.length];
}

async function classifyImages(paths, count, onImage = () => {}) {
  const model = await loadModel(MODEL, { backend: BACKEND });
  let seen = 0;
  try {
    for await (const { status, path } of model.classifyAll(repeated(paths, count))) {
      if ((status === 'error') !== path.endsWith('damaged.jpg')) faults.push(`${path}: ${status}`);
      onImage(++seen);
    }
  } finally {
    model.dispose();
  }
  if (seen !== count) faults.push(`expected ${count} results, got ${seen}`);
}

async function soakImages(paths) {
  const every = IMAGES / 20;
  const samples = [];
  let since = cpuSeconds();
  await classifyImages(paths, IMAGES, (count) => {
    if (count % every !== 0) return;
    const rate = every / (cpuSeconds() - since);
    since = cpuSeconds();
    samples.push({
      count,
      rss: process.memoryUsage.rss() / MEBI,
      files: openFiles(),
      tensors: memory().numTensors,
      rate,
    });
    const { rss, files, tensors } = samples.at(-1);
    console.log(
      `${count} images: ${rss.toFixed(0)} MiB, ${files} files open, ${tensors} tensors, ${rate.toFixed(0)} images/s`,
    );
  });
  checkFlat('images', samples.slice(2));
  const half = samples.length / 2;
  const [first, second] = [samples.slice(2, half), samples.slice(half)].map((part) =>
    median(part.map(({ rate }) => rate)),
  );
  if (second < first * (1 - MAX_SLOWDOWN))
    faults.push(`images: ${first.toFixed(0)} images per CPU second, then ${second.toFixed(0)}`);
}

async function soakLoads(paths) {
  const samples = [];
  for (let i = 1; i <= LOADS; i++) {
    const model = await loadModel(MODEL, { backend: BACKEND });
    await model.classify(paths[i % 3]);
    model.dispose();
    if (i % (LOADS / 20) === 0)
      samples.push({ rss: process.memoryUsage.rss() / MEBI, files: openFiles(), tensors: memory().numTensors });
  }
  const curve = samples.map(({ rss }) => rss.toFixed(0)).join(' ');
  console.log(`${LOADS} models loaded and disposed of: ${curve} MiB`);
  checkFlat('loads', samples.slice(2));
}

async function soakTwoModels(paths) {
  const before = memory().numTensors;
  await Promise.all([classifyImages(paths, IMAGES / 100), classifyImages(paths, IMAGES / 100)]);
  if (memory().numTensors !== before) faults.push(`two models: ${memory().numTensors - before} tensors left over`);
  console.log(`two models at once: ${IMAGES / 100} images each`);
}

async function soakWorkers(paths) {
  const run = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { paths, count: IMAGES / 100 } });
      worker.on('error', reject);
      worker.on('exit', resolve);
    });
  await Promise.all([run(), run()]);
  console.log(`two worker threads: ${IMAGES / 100} images each`);
}

/** The medians of the first and the last third: single samples hold what the collector has not yet taken. */
function checkFlat(name, samples) {
  const third = Math.floor(samples.length / 3);
  const [start, end] = [samples.slice(0, third), samples.slice(-third)].map((part) =>
    median(part.map(({ rss }) => rss)),
  );
  const drift = end / start - 1;
  console.log(`${name}: resident memory ${start.toFixed(0)} → ${end.toFixed(0)} MiB (${(100 * drift).toFixed(1)} %)`);
  if (drift > MAX_DRIFT) faults.push(`${name}: resident memory rose by ${(100 * drift).toFixed(1)} %`);
  if (samples.at(-1).files > samples[0].files + 2) faults.push(`${name}: files were left open`);
  if (samples.at(-1).tensors > samples[0].tensors) faults.push(`${name}: tensors were left over`);
}

/** Of all threads of the process: what else the machine does is not in it. */
function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** 0 where the system does not say. */
function openFiles() {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
