import { parentPort, workerData } from 'node:worker_threads';

import { batchMakerFor, failureOf } from './batch-ahead.ts';
import type { BatchAnswer, BatchThreadTask } from './batch-ahead.ts';

// The other end of batch-ahead.ts: one batch for each number asked for.
const task: BatchThreadTask = workerData;
const make = batchMakerFor(task);

parentPort?.on('message', (index: number) => {
  void send(index);
});

async function send(index: number): Promise<void> {
  const answer = await answerTo(index);
  const arrays = 'batch' in answer ? [answer.batch.targets, ...answer.batch.inputs] : [];
  parentPort?.postMessage(
    answer,
    arrays.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? buffer : [])),
  );
}

async function answerTo(index: number): Promise<BatchAnswer> {
  try {
    return { index, batch: await make(index) };
  } catch (error) {
    return { index, failure: failureOf(error) };
  }
}
