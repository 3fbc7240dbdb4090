#!/usr/bin/env node
import process from 'node:process';

import { Interruption } from './exit.ts';
import type { Api } from './patchlens.ts';
import { run } from './run.ts';

const controller = new AbortController();

// Once each: the second signal meets the system's own handling, which kills at once even while a computation is running.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => controller.abort(new Interruption(signal)));
}

const api: Api = {
  attention: () => import('../api/attention.ts'),
  classify: () => import('../api/classify.ts'),
  compare: () => import('../api/compare.ts'),
  convert: () => import('../api/convert.ts'),
  doctor: () => import('../api/doctor.ts'),
  errors: () => import('../errors.ts'),
  evaluate: () => import('../api/evaluate.ts'),
  explain: () => import('../api/explain.ts'),
  train: () => import('../api/train.ts'),
};

const { argv, env, stdin, stdout, stderr } = process;
process.exitCode = await run(argv.slice(2), {
  api,
  io: { stdin, stdout, stderr, env, signal: controller.signal },
});
// An open standard input that nobody reads any more would keep the process alive.
stdin.destroy();
