// ViT-Ti/16 on tfjs-wasm, one image, one thread: stock TensorFlow.js operations against our ops on the same backend.
// Needs `npm run build`. ROUNDS=31 asks for more rounds.
import { cpus, loadavg } from 'node:os';
import process from 'node:process';

import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

import { wasm } from '../dist/tensor/backends/wasm/index.js';
import { attention } from '../dist/tensor/ops/attention.js';
import { layerNorm } from '../dist/tensor/ops/layer-norm.js';
import { linear } from '../dist/tensor/ops/linear.js';
import { inTurns, median, rounded, writeResult } from './measure.mjs';

const SHAPE = { numTokens: 197, patchValues: 768, dim: 192, depth: 12, numHeads: 3, mlpDim: 768, numClasses: 1000 };
const ROUNDS = Number(process.env.ROUNDS ?? 15);
const EPSILON = 1e-6;

tf.enableProdMode();
await tf.setBackend('wasm');
const stockMatMul = tf.getKernel('BatchMatMul', 'wasm');
const facts = await wasm.load({});
const ourMatMul = tf.getKernel('BatchMatMul', 'wasm');

const parameters = randomParameters();
const patches = tf.randomNormal([1, SHAPE.numTokens - 1, SHAPE.patchValues], 0, 1, 'float32', 1);
const difference = compareLogits();
const sides = {
  stock: { compute: () => run(stockMatMul, stockOps) },
  ours: { compute: () => run(ourMatMul, ourOps) },
};
// V8 compiles the kernels for speed after some calls.
const times = await inTurns(sides, { rounds: ROUNDS, warmUp: 5 });
report(times, difference);

/** Our ops, as the model calls them. */
function ourOps() {
  return { linear, layerNorm, attend: (q, k, v) => attention(q, k, v, { numHeads: SHAPE.numHeads }) };
}

/** What a careful user of TensorFlow.js writes: fused products, moments, one batched product for all heads. */
function stockOps() {
  return { linear: stockLinear, layerNorm: stockLayerNorm, attend: stockAttention };
}

function stockLinear(x, kernel, { bias, activation, residual }) {
  const rows = tf.reshape(x, [-1, x.shape.at(-1)]);
  // The fused product is right here: one matrix, nothing transposed.
  const product = tf.fused.matMul({ a: rows, b: kernel, bias });
  const shaped = tf.reshape(product, [...x.shape.slice(0, -1), kernel.shape[1]]);
  const activated = activation === 'gelu' ? stockGelu(shaped) : shaped;
  return residual === undefined ? activated : tf.add(activated, residual);
}

function stockGelu(x) {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
}

function stockLayerNorm(x, scale, bias, epsilon) {
  const { mean, variance } = tf.moments(x, -1, true);
  const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(normal, scale), bias);
}

function stockAttention(query, key, value) {
  const [q, k, v] = [query, key, value].map(splitHeads);
  const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(q.shape.at(-1))));
  return tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), query.shape);
}

function splitHeads(x) {
  const [B, N, D] = x.shape;
  return tf.transpose(tf.reshape(x, [B, N, SHAPE.numHeads, D / SHAPE.numHeads]), [0, 2, 1, 3]);
}

/** The forward pass, logits [1, classes], with the matMul kernel that belongs to the ops. */
function run(matMulKernel, ops) {
  tf.unregisterKernel('BatchMatMul', 'wasm');
  tf.registerKernel(matMulKernel);
  const logits = tf.tidy(() => forward(ops()));
  // Waits for nothing, as wasm is synchronous, but is part of what a caller does.
  const values = logits.dataSync();
  logits.dispose();
  return values;
}

function forward({ linear: dense, layerNorm: norm, attend }) {
  const { embedding, cls, positions, blocks, finalNorm, head } = parameters;
  const embedded = dense(patches, embedding.kernel, { bias: embedding.bias });
  let x = tf.add(tf.concat([cls, embedded], 1), positions);
  for (const { norm1, query, key, value, out, norm2, up, down } of blocks) {
    const h = norm(x, norm1.scale, norm1.bias, EPSILON);
    const [q, k, v] = [query, key, value].map(({ kernel, bias }) => dense(h, kernel, { bias }));
    x = dense(attend(q, k, v), out.kernel, { bias: out.bias, residual: x });
    const m = dense(norm(x, norm2.scale, norm2.bias, EPSILON), up.kernel, { bias: up.bias, activation: 'gelu' });
    x = dense(m, down.kernel, { bias: down.bias, residual: x });
  }
  const token = tf.reshape(tf.slice(x, [0, 0, 0], [1, 1, SHAPE.dim]), [1, SHAPE.dim]);
  return dense(norm(token, finalNorm.scale, finalNorm.bias, EPSILON), head.kernel, { bias: head.bias });
}

function randomParameters() {
  let seed = 0;
  const random = (shape, deviation) => tf.randomNormal(shape, 0, deviation, 'float32', (seed += 1));
  const dense = (K, N) => ({ kernel: random([K, N], 1 / Math.sqrt(K)), bias: random([N], 0.1) });
  const norm = () => ({ scale: tf.add(random([SHAPE.dim], 0.1), 1), bias: random([SHAPE.dim], 0.1) });
  const { numTokens, patchValues, dim, depth, mlpDim, numClasses } = SHAPE;
  return {
    embedding: dense(patchValues, dim),
    cls: random([1, 1, dim], 1),
    positions: random([1, numTokens, dim], 1),
    blocks: Array.from({ length: depth }, () => ({
      norm1: norm(),
      query: dense(dim, dim),
      key: dense(dim, dim),
      value: dense(dim, dim),
      out: dense(dim, dim),
      norm2: norm(),
      up: dense(dim, mlpDim),
      down: dense(mlpDim, dim),
    })),
    finalNorm: norm(),
    head: dense(dim, numClasses),
  };
}

/** Greatest difference between the two sides' logits: a speed-up means nothing without it. */
function compareLogits() {
  const stock = run(stockMatMul, stockOps);
  const ours = run(ourMatMul, ourOps);
  return stock.reduce((worst, value, i) => Math.max(worst, Math.abs(value - ours[i])), 0);
}

function report({ stock, ours }, maxLogitDifference) {
  const ratio = median(stock) / median(ours);
  const result = {
    what: 'ViT-Ti/16, 1 image of 224x224, float32, one thread, random weights',
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} CPUs, load ${loadavg()[0].toFixed(1)}`,
    node: process.version,
    backend: facts.detail,
    rounds: ROUNDS,
    milliseconds: { stock: summary(stock), ours: summary(ours) },
    ratioOfMedians: rounded(ratio),
    maxLogitDifference,
  };
  console.log(`${result.what}\n${result.machine}, Node ${result.node}, ${result.backend}, ${ROUNDS} rounds in turns`);
  console.table(result.milliseconds);
  console.log(`ratio of medians ${ratio.toFixed(2)}, logits differ by at most ${maxLogitDifference.toExponential(1)}`);
  writeResult(`vit-composition-wasm-node${process.versions.node.split('.')[0]}.json`, result);
}

function summary(values) {
  return {
    fastest: rounded(Math.min(...values)),
    median: rounded(median(values)),
    slowest: rounded(Math.max(...values)),
  };
}
