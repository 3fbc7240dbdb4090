// Whole Vision Transformers on the native backend, one thread and two, against wasm: random weights, batch 1 and 8, all
// sides in turn. Then the widest product of ViT-B/16 against the peak of one core, where a compiler can measure that.
// Needs `npm run build` and a native backend that loads. ROUNDS=21 asks for more rounds.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import * as tf from '@tensorflow/tfjs-core';

import { native } from '../dist/tensor/backends/native/index.js';
import { wasm } from '../dist/tensor/backends/wasm/index.js';
import { linear } from '../dist/tensor/ops/linear.js';
import { variant } from '../dist/vit/variants.js';
import { median, rounded, save } from './measure.mjs';
import { randomViT } from './random-vit.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 9);
const MODELS = { 'ViT-Ti/16': variant('Ti', 16), 'ViT-B/16': variant('B', 16) };
const SIDES = {
  wasm: () => wasm.load({}),
  'native, 1 thread': () => native.load({ threads: 1 }),
  'native, 2 threads': () => native.load({ threads: 2 }),
};

const details = {};
const rows = [];
for (const [name, config] of Object.entries(MODELS)) {
  for (const batch of [1, 8]) {
    const timed = await timeModel(name, config, batch);
    console.table(timed);
    rows.push(...timed);
  }
}
const product = await timeProduct();
report();

async function timeModel(name, config, batch) {
  const runs = {};
  for (const [side, load] of Object.entries(SIDES)) {
    details[side] = (await load()).detail;
    runs[side] = { load, ...randomViT(config, batch), milliseconds: [] };
  }
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const run of Object.values(runs)) {
      await run.load();
      const start = performance.now();
      run.logits = run.compute();
      if (round >= 0) run.milliseconds.push((performance.now() - start) / batch);
    }
  }
  const reference = runs.wasm;
  return Object.entries(runs).map(([side, run]) => {
    run.dispose();
    const difference = run.logits.reduce(
      (worst, value, i) => Math.max(worst, Math.abs(value - reference.logits[i])),
      0,
    );
    const ratio = median(reference.milliseconds) / median(run.milliseconds);
    const facts = { model: name, batch, side, timesAsFastAsWasm: rounded(ratio), maxLogitDifference: difference };
    return Object.assign(facts, summary(run.milliseconds));
  });
}

/** [197, 768]·[768, 3072] on one thread, against the peak measured before and after. */
async function timeProduct() {
  const before = fmaPeak();
  await native.load({ threads: 1 });
  const [M, K, N] = [197, 768, 3072];
  const [x, w] = [tf.randomNormal([M, K]), tf.randomNormal([K, N])];
  const milliseconds = [];
  for (let round = -3; round < 41; round += 1) {
    const start = performance.now();
    linear(x, w).dispose();
    if (round >= 0) milliseconds.push(performance.now() - start);
  }
  tf.dispose([x, w]);
  const gflops = (2e-6 * M * K * N) / median(milliseconds);
  const peak = before === undefined ? undefined : Math.max(before, fmaPeak());
  return { shape: `${M}x${K}x${N}`, gflops: rounded(gflops), peak, share: peak && rounded(gflops / peak) };
}

/** GFLOP/s of one core, or undefined without a compiler or AVX2. */
function fmaPeak() {
  const folder = mkdtempSync(join(tmpdir(), 'patchlens-bench-'));
  const binary = join(folder, 'fma-peak');
  const source = fileURLToPath(new URL('fma-peak.cc', import.meta.url));
  try {
    execFileSync(process.env.CXX ?? 'g++', ['-O2', '-mavx2', '-mfma', source, '-o', binary], { stdio: 'ignore' });
    return Number(execFileSync(binary, { encoding: 'utf8' }));
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function report() {
  console.log(
    details,
    `linear ${product.shape}, one thread: ${product.gflops} of ${product.peak ?? 'unknown'} GFLOP/s`,
  );
  const what = 'milliseconds per image of 224x224, f32, random weights';
  const command = 'node bench/vit-backends.bench.mjs';
  save('vit-backends', { what, command, backends: details, rounds: ROUNDS, product }, rows);
}

function summary(values) {
  return {
    fastest: rounded(Math.min(...values)),
    median: rounded(median(values)),
    slowest: rounded(Math.max(...values)),
  };
}
