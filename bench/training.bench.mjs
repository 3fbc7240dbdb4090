// Training steps of the embedded ViT's network (width 192, 6 blocks, 65 tokens) beside PyTorch with timm's network: the
// same weights, images, AdamW and clipping, both sides in turn; the losses of the first step have to agree.
// Needs `npm run build`, a native backend that loads, and PYTHON with bench/peers/training-requirements.txt.
//
//   PYTHON=python THREADS=2 BATCH=128 ROUNDS=9 node bench/training.bench.mjs
//
// BF16=1 adds bfloat16 on both sides: ours, and PyTorch's autocast, which takes a dozen times as long where the processor has
// no instructions for it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

import ndarray from 'ndarray';

import { patchify } from '../dist/image/patches.js';
import { native } from '../dist/tensor/backends/native/index.js';
import { vitConfigOf } from '../dist/use-cases/train/network.js';
import { recipeFor } from '../dist/use-cases/train/recipe.js';
import { vitStudent } from '../dist/use-cases/train/student.js';
import { initialState } from '../dist/training/state.js';
import { takeStep } from '../dist/training/step.js';
import { inTurns, median, rounded, save, uniform } from './measure.mjs';

const THREADS = Number(process.env.THREADS ?? 2);
const BATCH = Number(process.env.BATCH ?? 128);
const ROUNDS = Number(process.env.ROUNDS ?? 9);
const SIDE = 128;
const VALUES = SIDE * SIDE * 3;
const CLASSES = 10;
const LEARNING_RATE = 1e-3;

const { detail, updates } = await native.load({ threads: THREADS });
const scratch = mkdtempSync(join(tmpdir(), 'patchlens-bench-'));
try {
  await benchmark();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function benchmark() {
  const sides = { patchlens: await ours('f32'), 'torch float32': torch('float32') };
  if (process.env.BF16 === '1') {
    sides['patchlens bf16'] = await ours('bf16');
    sides['torch bfloat16'] = torch('bfloat16');
  }
  const milliseconds = await inTurns(sides, { rounds: ROUNDS });
  for (const { stop } of Object.values(sides)) stop?.();
  const [own, other] = [sides.patchlens.losses[0], sides['torch float32'].losses[0]];
  if (!(Math.abs(own - other) < 1e-4)) throw new Error(`training: expected one loss in both, got ${own} and ${other}`);
  const reference = median(milliseconds['torch float32']);
  const rows = Object.entries(milliseconds).map(([side, times]) => ({
    side,
    milliseconds: rounded(median(times)),
    imagesPerSecond: rounded((BATCH * 1000) / median(times)),
    timesAsFastAsTorch: rounded(reference / median(times)),
  }));
  console.table(rows);
  const what = `one training step of ${BATCH} images of 128x128, ViT of width 192 and 6 blocks, medians of rounds in turns`;
  const command = 'node bench/training.bench.mjs';
  save('training', { what, command, native: detail, threads: THREADS, batch: BATCH, rounds: ROUNDS }, rows);
}

/** The network, its weights and the images on the disk for the other side; steps of our own. */
async function ours(precision) {
  const imageSize = { height: SIDE, width: SIDE };
  const config = vitConfigOf({ kind: 'vit', size: 'Ti', depth: 6, patchSize: 16, imageSize }, CLASSES);
  const half = [0.5, 0.5, 0.5];
  const resize = { kind: 'shorter-edge', size: SIDE };
  const preprocessing = {
    imageSize,
    resize,
    interpolation: 'bicubic',
    cropRounding: 'half-even',
    mean: half,
    std: half,
  };
  const student = vitStudent(
    config,
    Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
    preprocessing,
  );
  const optimizer = { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const schedule = { steps: 10_000, warmupSteps: 0, learningRate: LEARNING_RATE };
  const recipe = recipeFor({ ...schedule, batchSize: BATCH, optimizer, averageDecay: 0, precision }, BATCH);
  let state = initialState(student.network, recipe);
  await student.write(scratch, state.values);
  const random = uniform(2);
  const images = Float32Array.from({ length: BATCH * VALUES }, () => random());
  writeFileSync(join(scratch, 'images.f32'), images);
  const inputs = new Float32Array(images.length);
  for (let i = 0; i < BATCH; i += 1) {
    const image = ndarray(images.slice(i * VALUES, (i + 1) * VALUES), [SIDE, SIDE, 3]);
    patchify(image, 16, inputs, i * VALUES);
  }
  const { labelSmoothing } = recipe;
  const targets = Float32Array.from({ length: BATCH * CLASSES }, (_, i) => {
    const isTrue = i % CLASSES === Math.floor(i / CLASSES) % CLASSES;
    return labelSmoothing / CLASSES + (isTrue ? 1 - labelSmoothing : 0);
  });
  const batch = { batchSize: BATCH, numClasses: CLASSES, inputs: [inputs], targets };
  const batches = { at: async () => batch, close: async () => {} };
  const losses = [];
  const compute = async () => {
    const [next, { loss }] = await takeStep({ network: student.network, recipe, batches, kernels: updates }, state);
    state = next;
    losses.push(loss);
  };
  return { losses, compute };
}

function torch(dtype) {
  const script = join(import.meta.dirname, 'peers/torch_training.py');
  const options = [scratch, BATCH, THREADS, dtype, LEARNING_RATE].map(String);
  const child = spawn(process.env.PYTHON ?? 'python3', [script, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const losses = [];
  const compute = async () => {
    child.stdin.write('\n');
    const { value, done } = await answers.next();
    if (done) throw new Error(`training: expected an answer of ${script}, got its end`);
    const { ms, loss } = JSON.parse(value);
    losses.push(loss);
    return ms;
  };
  return { losses, compute, stop: () => child.stdin.end() };
}
