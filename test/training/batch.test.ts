import { expect, test } from 'vitest';

import type { RgbImage } from '../../src/image/rgb-image.ts';
import { batchMaker } from '../../src/training/batch.ts';
import type { BatchPlan } from '../../src/training/batch.ts';
import type { Preprocessing } from '../../src/weights/preprocessing.ts';

const PREPROCESSING: Preprocessing = {
  imageSize: { height: 1, width: 1 },
  resize: { kind: 'shorter-edge', size: 1 },
  interpolation: 'bilinear',
  cropRounding: 'half-even',
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

const PLAN: BatchPlan = {
  seed: 3,
  batchSize: 4,
  labels: [0, 1, 2, 0, 1, 2, 0],
  numClasses: 3,
  labelSmoothing: 0.3,
  augmentation: { flip: 0, erasing: 0 },
  mixing: { mixup: 0, cutmix: 0 },
  forms: [{ preprocessing: PREPROCESSING, layout: { kind: 'pixels' } }],
};

/** Images of one pixel whose red is their index. */
const source = {
  length: 7,
  imageAt: (index: number): RgbImage => ({ data: Uint8Array.of(index, 0, 0), width: 1, height: 1 }),
};

async function indicesOf(plan: BatchPlan, batch: number): Promise<number[]> {
  const { inputs } = await batchMaker(plan, source)(batch);
  return Array.from({ length: plan.batchSize }, (_, i) => Math.round(inputs[0]![3 * i]! * 255));
}

test('every image is seen once in an epoch, in another order in the next', async () => {
  const seen = (await Promise.all([0, 1, 2, 3, 4, 5, 6].map((batch) => indicesOf(PLAN, batch)))).flat();
  const epochs = [0, 1, 2, 3].map((epoch) => seen.slice(7 * epoch, 7 * epoch + 7));
  for (const epoch of epochs) expect(new Set(epoch)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
  expect(new Set(epochs.map(String)).size).toBe(4);
});

test('a batch follows from the seed and its number alone', async () => {
  expect(await indicesOf(PLAN, 5)).toEqual(await indicesOf(PLAN, 5));
  expect(await indicesOf({ ...PLAN, seed: 4 }, 5)).not.toEqual(await indicesOf(PLAN, 5));
});

test('a label is smoothed over all classes', async () => {
  const { targets } = await batchMaker(PLAN, source)(0);
  const [first] = await indicesOf(PLAN, 0);
  const row = [0.1, 0.1, 0.1];
  row[PLAN.labels[first!]!] = 0.8;
  expect(targets.slice(0, 3)).toBeCloseToArray(row, { atol: 1e-6 });
});
