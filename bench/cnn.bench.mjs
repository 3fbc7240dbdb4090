// ResNet-50 and MobileNetV2 on the native backend beside ONNX Runtime: the same random weights and images, two threads each,
// batch 1 and 8, in turns; in bfloat16 too where the processor has instructions for it. Needs `npm run build`, a native backend that loads, and the peer:
// `ONNXRUNTIME_NODE_INSTALL=skip npm install` in bench/peers. ROUNDS=21 asks for more rounds,
// PRECISIONS=f32,bf16 for these of ours.
import { createRequire } from 'node:module';
import process from 'node:process';

import * as tf from '@tensorflow/tfjs-core';

import { networkIn } from '../dist/nn/network.js';
import { RepeatedForward } from '../dist/nn/repeated-forward.js';
import { native } from '../dist/tensor/backends/native/index.js';
import { NETWORKS, builtNetwork, onnxOf, randomArrays } from './cnn-networks.mjs';
import { inTurns, median, rounded, save, uniform } from './measure.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 9);
const SIZE = 224;
const THREADS = 2;
const onnxRuntime = installedPeer('onnxruntime-node');
if (onnxRuntime === undefined) {
  console.error('onnxruntime-node: expected it in bench/peers, got none. Install it as docs/native.md says.');
  process.exit();
}

const { detail, automatic, startRecording } = await native.load({ threads: THREADS });
// «C++ kernels, avx2, f32, 2 threads»
const nativeIn = (precision) => `native ${precision}, ${detail.split(', ')[1]}`;
// Without instructions for it bfloat16 is there for its answers, not for speed.
const isFast = automatic !== 'f32' || detail.includes('bf16');
const precisions = process.env.PRECISIONS?.split(',') ?? (isFast ? ['f32', 'bf16x3', 'bf16'] : ['f32']);
const PEER = `ONNX Runtime ${onnxRuntime.env.versions.node} f32`;
const rows = [];
for (const [name, network] of Object.entries(NETWORKS)) {
  for (const batch of [1, 8]) {
    const timed = await timeNetwork(name, network, batch);
    console.table(timed);
    rows.push(...timed);
  }
}
save('cnn', facts(), rows);

function installedPeer(name) {
  try {
    return createRequire(new URL('peers/', import.meta.url))(name);
  } catch {
    return undefined;
  }
}

async function timeNetwork(name, network, batch) {
  const images = Float32Array.from({ length: batch * SIZE * SIZE * 3 }, uniform(2));
  const arrays = randomArrays(network);
  const ours = precisions.map((precision) => {
    const built = networkIn(precision, builtNetwork(network, arrays));
    return [nativeIn(precision), nativeSide(built, images, batch)];
  });
  const sides = {
    ...Object.fromEntries(ours),
    [PEER]: await onnxSide(onnxOf(network, arrays, batch, SIZE), images, batch),
  };
  const milliseconds = await inTurns(sides, { rounds: ROUNDS });
  const { logits } = sides[PEER];
  const largest = logits.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return Object.entries(sides).map(([side, { logits: own, dispose }]) => {
    dispose();
    const difference = logits.reduce((worst, value, i) => Math.max(worst, Math.abs(value - own[i])), 0);
    return {
      network: name,
      batch,
      side,
      msPerImage: rounded(median(milliseconds[side]) / batch),
      timesAsFastAsOnnxRuntime: rounded(median(milliseconds[PEER]) / median(milliseconds[side])),
      logitDifference: Number((difference / largest).toPrecision(2)),
    };
  });
}

function nativeSide(built, images, batch) {
  const x = tf.tensor4d(images, [batch, SIZE, SIZE, 3]);
  const repeated = new RepeatedForward(built.layers, startRecording);
  const side = {
    compute: async () => {
      const logits = await repeated.run(x, () => {});
      side.logits = logits.dataSync();
      logits.dispose();
    },
    dispose: () => {
      built[Symbol.dispose]();
      x.dispose();
    },
  };
  return side;
}

async function onnxSide(model, images, batch) {
  const options = { intraOpNumThreads: THREADS, interOpNumThreads: 1, executionMode: 'sequential' };
  const session = await onnxRuntime.InferenceSession.create(model, options);
  const x = new onnxRuntime.Tensor('float32', channelsFirst(images), [batch, 3, SIZE, SIZE]);
  const side = {
    compute: async () => {
      side.logits = Object.values(await session.run({ images: x }))[0].data;
    },
    dispose: () => void session.release(),
  };
  return side;
}

/** [B, H, W, 3] → [B, 3, H, W]. */
function channelsFirst(images) {
  const pixels = SIZE * SIZE;
  return images.map((_, i) => {
    const [image, rest] = [Math.floor(i / (3 * pixels)), i % (3 * pixels)];
    return images[(image * pixels + (rest % pixels)) * 3 + Math.floor(rest / pixels)];
  });
}

function facts() {
  return {
    what: 'milliseconds per image of 224x224, random weights, batch norm folded; differences as a share of the largest logit',
    command: 'node bench/cnn.bench.mjs',
    native: detail,
    rounds: ROUNDS,
  };
}
