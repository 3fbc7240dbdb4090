import { Worker } from 'node:worker_threads';

import { ArgumentError, ImageError, PatchlensError } from '../errors.ts';
import { batchMaker } from './batch.ts';
import type { Batch, BatchPlan } from './batch.ts';
import { imagesOnDisk, storedImages } from './pixel-store.ts';
import type { PixelStore } from './pixel-store.ts';

export type Images =
  | { readonly kind: 'stored'; readonly store: PixelStore }
  | { readonly kind: 'files'; readonly paths: readonly string[] };

export interface BatchThreadTask {
  readonly plan: BatchPlan;
  readonly images: Images;
}

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

function batchesHere({ plan, images }: BatchThreadTask): Batches {
  const make = batchMaker(plan, images.kind === 'stored' ? storedImages(images.store) : imagesOnDisk(images.paths));
  return { at: make, close: async () => {} };
}

function batchesOnThread(task: BatchThreadTask): Batches {
  const worker = new Worker(new URL('batch-thread.js', import.meta.url), { workerData: task });
  const waiting = new Map<number, PromiseWithResolvers>();
  const failAll = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
  };
  worker.on('message', ({ index, batch, failure }: Answer) => {
    const promise = waiting.get(index);
    if (batch !== undefined) promise?.resolve(batch);
    else promise?.reject(errorOf(failure));
  });
  worker.on('error', failAll);
  const ask = (index: number): PromiseWithResolvers => {
    const known = waiting.get(index);
    if (known !== undefined) return known;
    const asked = withResolvers();
    waiting.set(index, asked);
    worker.postMessage(index);
    return asked;
  };
  return {
    at: async (index) => {
      for (const old of waiting.keys()) if (old < index || old > index + AHEAD) waiting.delete(old);
      const wanted = ask(index);
      for (let next = index + 1; next <= index + AHEAD; next += 1) ask(next);
      return wanted.promise;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

interface Answer {
  readonly index: number;
  readonly batch?: Batch;
  readonly failure?: Failure;
}

interface PromiseWithResolvers {
  readonly promise: Promise<Batch>;
  readonly resolve: (batch: Batch) => void;
  readonly reject: (error: unknown) => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve: (batch: Batch) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<Batch>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Nobody may ask for a batch that was begun ahead.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

/** What is left of an error on its way between threads, where it loses its class. */
export interface Failure {
  readonly code: string | undefined;
  readonly message: string;
}

export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof PatchlensError ? error.code : undefined, message };
}

function errorOf({ code, message }: Failure = { code: undefined, message: 'no answer' }): Error {
  if (code === 'ARGUMENT_INVALID') return new ArgumentError(message);
  if (code?.startsWith('IMAGE_')) return new ImageError('IMAGE_UNREADABLE', message);
  return new Error(message);
}
