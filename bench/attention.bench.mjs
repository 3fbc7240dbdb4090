// One layer of attention over ever longer sequences on tfjs-wasm, one thread: softmax attention over all, truncated to a
// window, linear attention, and a plain recurrent layer. Needs `npm run build`. ROUNDS=9 asks for more rounds. Writes
// bench/results/attention-wasm.json and the table of docs/attention.md.
import { cpus, loadavg } from 'node:os';
import process from 'node:process';

import * as tf from '@tensorflow/tfjs-core';

import { localAttention } from '../dist/nn/local-attention.js';
import { attentionMask, windowed } from '../dist/nn/masks.js';
import { wasm } from '../dist/tensor/backends/wasm/index.js';
import { attention } from '../dist/tensor/ops/attention.js';
import { linearAttention } from '../dist/tensor/ops/linear-attention.js';
import { linear } from '../dist/tensor/ops/linear.js';
import { inTurns, median, rounded, writeBetween, writeResult } from './measure.mjs';

const LENGTHS = [256, 1024, 4096, 16_384];
const WIDTH = 64;
const REACH = 32; // Tokens to either side: a window of 65.
const ROUNDS = Number(process.env.ROUNDS ?? 7);
/** A masked matrix of scores is N² floats: a gigabyte at 16,384 tokens. */
const MAX_MASKED = 4096;

const facts = await wasm.load({});
const results = [];
for (const N of LENGTHS) results.push(await measure(N));
report();

async function measure(N) {
  const [q, k, v] = [1, 2, 3].map((seed) => tf.randomNormal([1, N, WIDTH], 0, 1, 'float32', seed));
  const [input, state] = [4, 5].map((seed) => tf.randomNormal([WIDTH, WIDTH], 0, 1 / 8, 'float32', seed));
  const mask =
    N <= MAX_MASKED && attentionMask({ numQueries: N, numKeys: N }, windowed({ before: REACH, after: REACH }));
  const local = { numHeads: 1, grid: { Gh: 1, Gw: N }, reach: { up: 0, down: 0, left: REACH, right: REACH } };
  const sides = {
    'softmax over all': () => attention(q, k, v, { numHeads: 1 }),
    ...(mask && { 'window of 65, masked': () => attention(q, k, v, { numHeads: 1, mask }) }),
    'window of 65': () => localAttention(q, k, v, local),
    linear: () => linearAttention(q, k, v, { numHeads: 1, causal: false }),
    'linear, causal': () => linearAttention(q, k, v, { numHeads: 1, causal: true }),
    'recurrent layer': () => recurrentLayer(q, input, state),
  };
  const timed = Object.fromEntries(
    Object.entries(sides).map(([side, body]) => [side, { compute: () => tf.tidy(() => void body().dataSync()) }]),
  );
  const milliseconds = await inTurns(timed, { rounds: ROUNDS, warmUp: 3 });
  const peaks = {};
  for (const [side, body] of Object.entries(sides)) peaks[side] = await peakOf(body);
  tf.dispose([q, k, v, input, state, ...(mask ? [mask] : [])]);
  return Object.keys(sides).map((side) => ({
    N,
    side,
    milliseconds: rounded(median(milliseconds[side])),
    peakMebibytes: rounded(peaks[side] / 2 ** 20),
  }));
}

/**
 * hₙ = tanh(xₙ·W + hₙ₋₁·U) (Elman 1990): all xₙ·W in one product, the rest as it must be, token after token. Each state is
 * copied out at once: thousands of small live tensors would slow tfjs more than the layer itself.
 */
function recurrentLayer(x, inputKernel, stateKernel) {
  const [, N, D] = x.shape;
  const inputs = linear(x, inputKernel).dataSync();
  const states = new Float32Array(N * D);
  let state = tf.zeros([1, D]);
  for (let n = 0; n < N; n += 1) {
    const next = tf.tidy(() => {
      const residual = tf.tensor2d(inputs.subarray(n * D, (n + 1) * D), [1, D]);
      return tf.tanh(linear(state, stateKernel, { residual }));
    });
    state.dispose();
    state = next;
    states.set(state.dataSync(), n * D);
  }
  return tf.tensor3d(states, x.shape);
}

/** Bytes of tensors beyond what was there: the inputs are not counted, the result is. */
async function peakOf(body) {
  const before = tf.memory().numBytes;
  const { peakBytes } = await tf.profile(() => tf.tidy(() => void body()));
  return peakBytes - before;
}

function report() {
  const rows = results.flat();
  const result = {
    what: `one head of width ${WIDTH}, one sequence, float32, forward pass, medians of ${ROUNDS} rounds in turns`,
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} CPUs, load ${loadavg()[0].toFixed(1)}`,
    node: process.version,
    backend: facts.detail,
    rows,
  };
  console.log(`${result.what}\n${result.machine}, Node ${result.node}, ${result.backend}`);
  console.table(rows);
  writeResult('attention-wasm.json', result);
  writeTable(result);
}

function writeTable({ what, machine, node, backend, rows }) {
  const sides = [...new Set(rows.map(({ side }) => side))];
  const cellOf = (side, N) => {
    const row = rows.find((candidate) => candidate.side === side && candidate.N === N);
    return row === undefined ? '' : `${row.milliseconds} ms, ${row.peakMebibytes} MiB`;
  };
  const table = [
    `| tokens | ${LENGTHS.join(' | ')} |`,
    `| --- |${LENGTHS.map(() => ' ---: |').join('')}`,
    ...sides.map((side) => `| ${side} | ${LENGTHS.map((N) => cellOf(side, N)).join(' | ')} |`),
  ];
  const caption = `${what[0].toUpperCase()}${what.slice(1)}; ${machine}, Node ${node}, ${backend}.`;
  writeBetween('attention.md', 'bench', `${caption}\n\n${table.join('\n')}`);
}
