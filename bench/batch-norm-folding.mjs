// How far folding batch norms into convolutions moves the logits: a ResNet-50 of random parameters with lively running
// statistics, on one random image, with its norms by themselves and folded. Run after `npm run build`:
//
//   node bench/batch-norm-folding.mjs [backend]

import { tensor, tensor4d, tidy } from '@tensorflow/tfjs-core';

import { buildFolded } from '../dist/cnn/build.js';
import { runFolded, runWithRunningStatistics } from '../dist/cnn/conv-norm.js';
import { initialiseResNet } from '../dist/cnn/initialise-resnet.js';
import { resNetLayers } from '../dist/cnn/resnet.js';
import { resNetParams, resNetTree } from '../dist/cnn/resnet-params.js';
import { resNetVariant } from '../dist/cnn/resnet-variants.js';
import { forward } from '../dist/nn/network.js';
import { useBackend } from '../dist/tensor/backends/index.js';

let state = 1;
/** Uniform in 0 … 1, the same on every machine. */
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

/** What training leaves in a norm, by the end of its name; branches are damped, so that 16 of them do not explode. */
const LIVELY = [
  ['.convolutions.2.norm.scale', () => 0.3 * (0.5 + random())],
  ['.norm.scale', () => 0.5 + random()],
  ['.norm.mean', () => random() / 2 - 0.25],
  ['.norm.variance', () => Math.exp(2 * random() - 1)],
];

const config = resNetVariant(50);
const arrays = initialiseResNet(config, { random, zeroInitResidual: false });
for (const [name, { data }] of arrays) {
  const lively = LIVELY.find(([end]) => name.endsWith(end))?.[1];
  if (lively !== undefined) for (let i = 0; i < data.length; i += 1) data[i] = lively();
}

const lease = await useBackend(process.argv[2] ?? 'auto', {});
tidy(() => {
  const image = tensor4d(
    Float32Array.from({ length: 224 * 224 * 3 }, () => 4 * random() - 2),
    [1, 224, 224, 3],
  );
  const params = resNetParams(config, (name, shape) => tensor(arrays.get(name).data, [...shape]));
  const apart = forward(resNetLayers(config, params, runWithRunningStatistics(config.epsilon)), image).dataSync();
  const built = buildFolded(arrays, config.epsilon, ({ leaf, unit }) =>
    resNetLayers(config, resNetTree(config, leaf, unit), runFolded),
  );
  const folded = forward(built.layers, image).dataSync();
  const spread = Math.sqrt(apart.reduce((sum, value) => sum + value * value, 0) / apart.length);
  const worst = apart.reduce((most, value, i) => Math.max(most, Math.abs(value - folded[i])), 0);
  console.log(
    `${lease.name}: logits of root mean square ${spread.toFixed(3)}, moved by at most ${worst.toExponential(1)}`,
  );
});
