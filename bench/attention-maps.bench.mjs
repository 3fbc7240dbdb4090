// What maps of a ViT-B/16 cost beside a plain forward pass: one image, float32, one thread, random weights, all sides in
// turn. Needs `npm run build` and, for its half, a native backend that loads. ROUNDS=21 asks for more rounds, BACKENDS=wasm
// for one backend alone. Writes
// bench/results/attention-maps-node<major>.json and the table of docs/attention-maps.md.
import { cpus, loadavg } from 'node:os';
import process from 'node:process';

import { tokenGridOf } from '../dist/use-cases/attention/token-grid.js';
import { traceOf } from '../dist/use-cases/attention/trace.js';
import { attentionOf } from '../dist/use-cases/attention/attention.js';
import { propagateAll } from '../dist/attribution/propagate.js';
import { rolloutStep } from '../dist/attribution/rollout.js';
import { planViT } from '../dist/use-cases/load/vit.js';
import { forwardInTurns } from '../dist/nn/network.js';
import { native } from '../dist/tensor/backends/native/index.js';
import { wasm } from '../dist/tensor/backends/wasm/index.js';
import { variant } from '../dist/vit/variants.js';
import { inTurns, median, rounded, uniform, writeBetween, writeResult } from './measure.mjs';
import { randomArrays } from './random-vit.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 9);
const BACKENDS = { wasm, native };
const config = variant('B', 16);
const { height, width } = config.imageSize;
const image = Float32Array.from({ length: height * width * 3 }, uniform(2));
const PLAIN = 'plain forward';

const rows = [];
for (const name of (process.env.BACKENDS ?? Object.keys(BACKENDS).join()).split(',')) {
  const timed = await timeBackend(name, BACKENDS[name]);
  console.table(timed);
  rows.push(...timed);
}
report();

async function timeBackend(backend, { load }) {
  const { detail } = await load({ threads: 1 });
  const subject = randomSubject();
  const maps = (options) => ({ compute: () => attentionOf(subject, [image], options, () => {}) });
  const sides = {
    [PLAIN]: { compute: () => plain(subject) },
    'rollout of the class token': maps({ method: 'rollout' }),
    'the same, max and discard 0.9': maps({ method: 'rollout', fusion: 'max', discard: 0.9 }),
    'rollout of all tokens': { compute: () => rolloutOfAll(subject) },
    'attention of the last layer': maps({ method: 'attention' }),
    relevance: maps({ method: 'relevance' }),
  };
  const milliseconds = await inTurns(sides, { rounds: ROUNDS });
  subject.network[Symbol.dispose]();
  const reference = milliseconds[PLAIN];
  return Object.entries(milliseconds).map(([side, values]) => ({
    backend: `${backend}, ${detail}`,
    side,
    median: rounded(median(values)),
    fastest: rounded(Math.min(...values)),
    // Of neighbours in time, so that a machine that slows down slows both.
    timesPlain: rounded(median(values.map((value, round) => value / reference[round]))),
  }));
}

/** A network with random parameters on the current backend. */
function randomSubject() {
  const plan = planViT(config, config.imageSize, { where: 'random', options: {} });
  const { vit, network } = plan.build(randomArrays(config));
  return { vit, network, info: { classes: [], preprocessing: { imageSize: config.imageSize } } };
}

async function plain({ network }) {
  const input = network.inputOf([image]);
  const logits = await forwardInTurns(network.layers, input, () => {});
  await logits.data();
  input.dispose();
  logits.dispose();
}

/** Rows for all 197 tokens, which takes products of whole matrices. */
async function rolloutOfAll({ network }) {
  const { Gh, Gw, prefix } = tokenGridOf(config);
  const layers = Array.from({ length: config.depth }, (_, layer) => layer);
  const input = network.inputOf([image]);
  const { weights } = await traceOf(network, input, { weights: layers });
  input.dispose();
  const steps = layers.map((layer) => rolloutStep(weights.get(layer)[0]));
  return propagateAll(prefix.length + Gh * Gw, steps);
}

function report() {
  const result = {
    what: 'milliseconds for one image of 224x224 on ViT-B/16, float32, one thread, random weights',
    command: 'node bench/attention-maps.bench.mjs',
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} CPUs, load ${loadavg()[0].toFixed(1)}`,
    node: process.version,
    rounds: ROUNDS,
    rows,
  };
  console.log(`${result.what}\n${result.machine}, Node ${result.node}, ${ROUNDS} rounds in turns`);
  writeResult(`attention-maps-node${process.versions.node.split('.')[0]}.json`, result);
  writeTable(result);
}

function writeTable({ what, machine, node, rounds }) {
  const lines = [
    `Milliseconds, medians; ${what.replace('milliseconds for ', '')}; ${machine}, Node ${node}, ${rounds} rounds in turns. “× plain” is`,
    'the median of each round against the plain pass of the same round.',
    '',
    '| backend | | ms | × plain |',
    '| --- | --- | ---: | ---: |',
    ...rows.map((row) => `| ${row.backend} | ${row.side} | ${row.median} | ${row.timesPlain} |`),
  ];
  writeBetween('attention-maps.md', 'cost', lines.join('\n'));
}
