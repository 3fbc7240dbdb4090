import { parentPort, workerData } from 'node:worker_threads';

import { batchMaker } from './batch.ts';
import { imagesOnDisk, storedImages } from './pixel-store.ts';
import { failureOf } from './batch-ahead.ts';
import type { BatchThreadTask } from './batch-ahead.ts';

// The other end of batch-ahead.ts: one batch for each number asked for, in turn.
const { plan, images } = workerData as BatchThreadTask;
const source = images.kind === 'stored' ? storedImages(images.store) : imagesOnDisk(images.paths);
const make = batchMaker(plan, source);

parentPort?.on('message', (index: number) => {
  make(index).then(
    (batch) =>
      parentPort?.postMessage({ index, batch }, [
        batch.targets.buffer as ArrayBuffer,
        ...batch.inputs.map(({ buffer }) => buffer as ArrayBuffer),
      ]),
    (error: unknown) => parentPort?.postMessage({ index, failure: failureOf(error) }),
  );
});
