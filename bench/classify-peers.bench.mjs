// From files to answers beside transformers.js: a folder of JPEGs with ViT-Ti/16, images a second and memory; then the
// cold start, from the start of the process to its end, with one image. Whole programs, two threads, in turns.
//
//   MODELS=folder JPEGS=folder node bench/classify-peers.bench.mjs
//
// MODELS is what bench/peers/export_models.py wrote, JPEGS what bench/peers/make-jpegs.mjs did. Needs `npm run build` and
// `ONNXRUNTIME_NODE_INSTALL=skip npm install` in bench/peers. ROUNDS=5 asks for more rounds,
// DTYPES=fp32,fp16,q8 for these of transformers.js.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { native } from '../dist/tensor/backends/native/index.js';
import { inTurns, mebibytes, median, rounded, save } from './measure.mjs';

const HERE = import.meta.dirname;
const { MODELS = join(HERE, 'peers/models'), JPEGS = join(HERE, 'peers/jpegs') } = process.env;
const { DTYPES = 'fp32,q8' } = process.env;
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const THREADS = '2';
const BATCH = '8';

const { detail, automatic } = await native.load({ threads: 2 });
const isFast = automatic !== 'f32' || detail.includes('bf16');
const scratch = mkdtempSync(join(tmpdir(), 'patchlens-bench-'));

if (!existsSync(join(MODELS, 'vit-ti-16')) || !existsSync(JPEGS) || !existsSync(join(HERE, 'peers/node_modules'))) {
  console.error(
    'classify-peers: left out: expected MODELS, JPEGS and the packages of bench/peers. See docs/native.md.',
  );
} else {
  await benchmark();
}
rmSync(scratch, { recursive: true, force: true });

async function benchmark() {
  const ours = isFast ? ['f32', 'bf16x3', 'bf16'] : ['f32'];
  const many = { model: 'vit-ti-16', images: JPEGS, precisions: ours, dtypes: DTYPES.split(',') };
  const rows = await timed('folder', many, { rounds: ROUNDS, warmUp: 0 });
  const [first] = readdirSync(JPEGS);
  for (const model of ['vit-ti-16', 'vit-b-16']) {
    const one = { model, images: join(JPEGS, first), precisions: ['auto'], dtypes: ['fp32', 'q8'] };
    rows.push(...(await timed('cold start', one, { rounds: 2 * ROUNDS + 1, warmUp: 1 })));
  }
  const what =
    'whole programs from JPEG files to the five likeliest classes: seconds, images a second, greatest memory';
  save(
    'classify-peers',
    { what, command: 'node bench/classify-peers.bench.mjs', native: detail, rounds: ROUNDS },
    rows,
  );
}

async function timed(task, { model, images, precisions, dtypes }, turns) {
  const folder = join(MODELS, model);
  const cli = [join(HERE, '../dist/cli/main.js'), 'classify', images, '--model', folder, '--backend', 'native'];
  const flags = ['--threads', THREADS, '--batch-size', BATCH, '--format', 'jsonl', '--quiet'];
  const sides = {
    ...Object.fromEntries(precisions.map((p) => [`patchlens ${p}`, program([...cli, ...flags, '--precision', p])])),
    ...Object.fromEntries(
      dtypes.flatMap((dtype) =>
        // Its pipeline takes images one by one or in groups; which is faster depends on the machine.
        (task === 'cold start' ? ['1'] : ['1', BATCH]).map((batch) => {
          const script = join(HERE, 'peers/transformers-classify.mjs');
          return [`transformers.js ${dtype}, batch ${batch}`, program([script, folder, dtype, batch, images])];
        }),
      ),
    ),
  };
  const milliseconds = await inTurns(sides, turns);
  const rows = Object.entries(sides).map(([side, { answers, peak, failure }]) => {
    if (failure !== undefined) return { task, model, side, failure };
    const seconds = median(milliseconds[side]) / 1000;
    return {
      task,
      model,
      side,
      seconds: rounded(seconds),
      imagesPerSecond: rounded(answers / seconds),
      peakMiB: mebibytes(peak),
    };
  });
  console.table(rows);
  return rows;
}

/** A side that runs Node with these arguments. */
function program(args) {
  const memory = join(scratch, 'peak');
  const preload = ['--import', join(HERE, 'peers/peak-memory.mjs')];
  const env = { ...process.env, PEAK_MEMORY_FILE: memory };
  const side = {
    compute: () => {
      if (side.failure !== undefined) return;
      const { status, stdout, stderr } = spawnSync(process.execPath, [...preload, ...args], {
        env,
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      });
      if (status !== 0) side.failure = stderr.trim().split('\n').at(-1) ?? `exit code ${status}`;
      side.answers = stdout.split('\n').filter((line) => line.startsWith('{')).length;
      side.peak = Math.max(side.peak ?? 0, Number(readFileSync(memory, 'utf8')));
    },
  };
  return side;
}
