import { EventEmitter, once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { ArgumentError, ImageError, isImageErrorCode, PatchlensError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { loadAddon } from '../tensor/backends/native/addon.ts';
import { resampler } from '../tensor/backends/native/resample.ts';
import { batchMaker } from './batch.ts';
import type { Batch, BatchPlan } from './batch.ts';
import { imagesOnDemand } from './pixel-store.ts';
import type { ImageFiles } from './pixel-store.ts';

/** What the thread is told at its start. */
export interface BatchThreadTask {
  readonly plan: BatchPlan;
  readonly files: ImageFiles;
  /** Whether the kernels of the native backend resample, which every thread loads for itself. */
  readonly native: boolean;
}

/** What it answers when it is asked for a batch. */
export type BatchAnswer =
  | { readonly index: number; readonly batch: Batch }
  | { readonly index: number; readonly failure: Failure };

/** The batches of a run, in turn from any of them on. */
export interface Batches {
  /** Batch `index`; those after it are begun meanwhile. */
  at(index: number): Promise<Batch>;
  close(): Promise<void>;
}

/** Batches that wait for the step that takes them, at most. */
const AHEAD = 3;

/** Batches made on a thread of their own, ahead of the steps that take them; on this one where code runs from source. */
export function batchesAhead(task: BatchThreadTask): Batches {
  // A thread needs a file that Node runs by itself.
  return import.meta.url.endsWith('.ts') ? batchesHere(task) : batchesOnThread(task);
}

function batchesHere(task: BatchThreadTask): Batches {
  return { at: batchMakerFor(task), close: async () => {} };
}

/** What makes the batches, on the thread that it is called on. */
export function batchMakerFor({ plan, files, native }: BatchThreadTask): (index: number) => Promise<Batch> {
  return batchMaker(plan, imagesOnDemand(files), native ? resampler(loadAddon()) : undefined);
}

function batchesOnThread(task: BatchThreadTask): Batches {
  const worker = new Worker(new URL('batch-thread.js', import.meta.url), { workerData: task });
  const answers = new EventEmitter();
  worker.on('message', (answer: BatchAnswer) => answers.emit(String(answer.index), answer));
  worker.on('error', (error) => answers.emit('error', error));
  const asked = new Map<number, Promise<BatchAnswer>>();
  const ask = (index: number): Promise<BatchAnswer> => {
    const known = asked.get(index);
    if (known !== undefined) return known;
    const answer = once(answers, String(index)).then(([message]: BatchAnswer[]) => message!);
    // What was begun ahead may never be asked for.
    answer.catch(() => undefined);
    asked.set(index, answer);
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
    worker.postMessage(index);
    return answer;
  };
  return {
    at: async (index) => {
      for (const old of asked.keys()) if (old < index || old > index + AHEAD) asked.delete(old);
      const wanted = ask(index);
      for (let next = index + 1; next <= index + AHEAD; next += 1) void ask(next);
      const answer = await wanted;
      if ('batch' in answer) return answer.batch;
      throw errorOf(answer.failure);
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

/** What is left of an error on its way between threads, where it loses its class. */
interface Failure {
  readonly code: ErrorCode | undefined;
  readonly message: string;
}

export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof PatchlensError ? error.code : undefined, message };
}

function errorOf({ code, message }: Failure): Error {
  if (code === 'ARGUMENT_INVALID') return new ArgumentError(message);
  if (isImageErrorCode(code)) return new ImageError(code, message);
  return new Error(message);
}
