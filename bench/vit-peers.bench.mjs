// ViT-Ti/16 and ViT-B/16 beside ONNX Runtime and PyTorch: the same weights and images, two threads each, batch 1 and 8,
// all sides in turn.
//
//   MODELS=folder PYTHON=python node bench/vit-peers.bench.mjs
//
// MODELS is what bench/peers/export_models.py wrote. Needs `npm run build`, a native backend that loads, and the peers:
// `ONNXRUNTIME_NODE_INSTALL=skip npm install` in bench/peers, and a Python with bench/peers/requirements.txt; a peer
// that is not there is left out. ROUNDS=21 asks for more rounds, PRECISIONS=f32,bf16 for these of ours. On a processor
// without instructions for bfloat16, where PyTorch takes half a minute for a batch in it, BF16=1 asks for that.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { native } from '../dist/tensor/backends/native/index.js';
import { inTurns, median, rounded, save, uniform } from './measure.mjs';
import { nativeSide, onnxSide, startTorch } from './peers/vit-sides.mjs';

const { MODELS = join(import.meta.dirname, 'peers/models'), PYTHON = 'python3', PRECISIONS } = process.env;
const ROUNDS = Number(process.env.ROUNDS ?? 9);
const THREADS = 2;
const BATCHES = [1, 8];
const PIXELS = 224 * 224;

const { detail, automatic } = await native.load({ threads: THREADS });
// Without instructions for it bfloat16 is there for its answers, not for speed.
const isFast = automatic !== 'f32' || detail.includes('bf16');
const hasTorchBf16 = isFast || process.env.BF16 === '1';
const precisions = PRECISIONS?.split(',') ?? (isFast ? ['f32', 'bf16x3', 'bf16'] : ['f32']);

if (!existsSync(join(MODELS, 'vit-ti-16'))) {
  console.error(`vit-peers: left out: no models in ${MODELS}. Run: python bench/peers/export_models.py ${MODELS}`);
} else {
  await benchmark();
}

async function benchmark() {
  const scratch = mkdtempSync(join(tmpdir(), 'patchlens-bench-'));
  const pixelFile = join(scratch, 'pixels.f32');
  const pixels = Float32Array.from({ length: Math.max(...BATCHES) * 3 * PIXELS }, uniform(2));
  writeFileSync(pixelFile, pixels);
  const torch = await startTorch(PYTHON, pixelFile, THREADS);
  const rows = [];
  try {
    for (const model of ['vit-ti-16', 'vit-b-16']) {
      for (const batch of BATCHES) {
        const timed = await timeModel(model, batch, pixels.subarray(0, batch * 3 * PIXELS), torch);
        console.table(timed);
        rows.push(...timed);
      }
    }
  } finally {
    torch.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
  const what = 'milliseconds per image of 224x224, one forward pass, random weights, medians of rounds in turns';
  const command = 'node bench/vit-peers.bench.mjs';
  save('vit-peers', { what, command, native: detail, threads: THREADS, rounds: ROUNDS }, rows);
}

async function timeModel(model, batch, pixels, torch) {
  const sides = await sidesOf(join(MODELS, model), batch, pixels, torch);
  const milliseconds = await inTurns(sides, { rounds: ROUNDS });
  // The most independent of ours among those of float32 that are there.
  const reference = sides['PyTorch f32'] ?? sides['ONNX Runtime f32'];
  const onnx = milliseconds['ONNX Runtime f32'];
  return Object.entries(sides).map(([side, { precision, logits, dispose }]) => {
    dispose();
    const perImage = milliseconds[side].map((ms) => ms / batch);
    return {
      model,
      batch,
      side,
      precision,
      median: rounded(median(perImage)),
      fastest: rounded(Math.min(...perImage)),
      timesAsFastAsOnnxRuntime: onnx && rounded(median(onnx) / median(milliseconds[side])),
      probabilityDifference: reference && Number(difference(reference.logits, logits, batch).toExponential(1)),
    };
  });
}

async function sidesOf(folder, batch, pixels, torch) {
  const images = Array.from({ length: batch }, (_, i) =>
    channelsLast(pixels.subarray(i * 3 * PIXELS, (i + 1) * 3 * PIXELS)),
  );
  const sides = {};
  for (const precision of precisions) {
    sides[`patchlens ${precision}`] = await nativeSide(folder, images, { precision, threads: THREADS });
  }
  const onnx = (file, precision) =>
    onnxSide(join(folder, 'onnx', file), pixels, { batch, threads: THREADS, precision });
  sides['ONNX Runtime f32'] = await onnx('model.onnx', 'f32');
  sides['ONNX Runtime int8'] = await onnx('model_quantized.onnx', 'int8');
  sides['PyTorch f32'] = await torch.side(folder, batch, 'float32');
  if (hasTorchBf16) sides['PyTorch bf16'] = await torch.side(folder, batch, 'bfloat16');
  return Object.fromEntries(Object.entries(sides).filter(([, side]) => side !== undefined));
}

/** [3, 224, 224] → [224, 224, 3] */
function channelsLast(pixels) {
  return Float32Array.from(pixels, (_, i) => pixels[(i % 3) * PIXELS + Math.floor(i / 3)]);
}

/** The greatest difference of a probability. */
function difference(expected, logits, batch) {
  let worst = 0;
  for (let image = 0; image < batch; image += 1) {
    const [a, b] = [expected, logits].map((all) => softmax(all.slice(image * 1000, (image + 1) * 1000)));
    worst = Math.max(worst, ...a.map((probability, i) => Math.abs(probability - b[i])));
  }
  return worst;
}

function softmax(logits) {
  const greatest = Math.max(...logits);
  const weights = Array.from(logits, (logit) => Math.exp(logit - greatest));
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => weight / sum);
}
