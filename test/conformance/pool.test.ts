// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { avgPool, batchNorm, grad, maxPool, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { describeBackends } from '../support/backends.ts';
import { randomInput, tensorOf } from '../support/reference.ts';
import type { Input } from '../support/reference.ts';
import { slide } from '../support/sliding-windows.ts';
import type { SlidingCase } from '../support/sliding-windows.ts';

/** Float32 sums of a few dozen values below one, against float64. */
const SUMS = { atol: 2e-6, rtol: 2e-6 };

const CASES: readonly SlidingCase[] = [
  { name: '3×3 at stride 2, one pixel all around', x: [2, 9, 8, 13], window: [3, 3], strides: [2, 2], pad: 1 },
  { name: '2×2 at stride 2', x: [1, 8, 6, 67], window: [2, 2], strides: [2, 2], pad: 'valid' },
  { name: '3×3 at stride 2, same on even sizes', x: [1, 8, 10, 5], window: [3, 3], strides: [2, 2], pad: 'same' },
  { name: '3×2 same', x: [2, 5, 7, 19], window: [3, 2], pad: 'same' },
  { name: 'the whole image', x: [3, 7, 7, 17], window: [7, 7], pad: 'valid' },
  { name: 'one channel', x: [1, 5, 6, 1], window: [2, 3], pad: 'same' },
  {
    name: 'padding that differs on every side',
    x: [1, 6, 5, 3],
    window: [3, 3],
    pad: [
      [0, 0],
      [2, 0],
      [1, 2],
      [0, 0],
    ],
  },
];

/** A pooling in float64: a window's value, and the share of it that each of its pixels has. */
interface Pooling {
  readonly run: (each: SlidingCase, x: Tensor4D) => Tensor4D;
  readonly value: (pixels: readonly number[]) => number;
  readonly share: (pixels: readonly number[], i: number) => number;
}

const POOLINGS: Readonly<Record<string, Pooling>> = {
  maxPool: {
    run: ({ window, strides, pad }, x) => maxPool(x, window, strides ?? 1, pad as 'same'),
    value: (pixels) => Math.max(...pixels),
    share: (pixels, i) => Number(pixels.indexOf(Math.max(...pixels)) === i),
  },
  avgPool: {
    run: ({ window, strides, pad }, x) => avgPool(x, window, strides ?? 1, pad as 'same'),
    value: (pixels) => pixels.reduce((sum, value) => sum + value, 0) / pixels.length,
    share: (pixels) => 1 / pixels.length,
  },
};

for (const [name, pooling] of Object.entries(POOLINGS)) {
  describeBackends(name, () => {
    test.each(CASES.map((each) => [each.name, each] as const))('%s', (_, each) => {
      const x = randomInput(each.x, 1);
      const expected = [...windowsOf(each, x)].map(({ values }) => pooling.value(values));
      expect(tidy(() => pooling.run(each, tensorOf(x)).dataSync())).toBeCloseToArray(expected, SUMS);
    });

    test.each(CASES.map((each) => [each.name, each] as const))('gradient of %s', (_, each) => {
      const x = randomInput(each.x, 1);
      const dy = randomInput([...slide(each).outShape, each.x[3]], 2);
      const expected = new Float64Array(x.data.length);
      for (const [window, { places, values }] of windowsOf(each, x).entries()) {
        for (const [i, place] of places.entries()) expected[place]! += pooling.share(values, i) * dy.data[window]!;
      }
      const dx = tidy(() =>
        grad((image: Tensor) => pooling.run(each, image as Tensor4D))(tensorOf(x), tensorOf(dy)).dataSync(),
      );
      expect(dx).toBeCloseToArray(expected, SUMS);
    });
  });
}

describeBackends('batchNorm', () => {
  test('normalises each channel by its own mean and variance', () => {
    const x = randomInput([2, 3, 5, 13], 1);
    const [mean, offset, scale] = [2, 3, 4].map((seed) => randomInput([13], seed));
    const variance = randomInput([13], 5).data.map((value) => value ** 2);
    const expected = x.data.map((value, i) => {
      const c = i % 13;
      return ((value - mean!.data[c]!) / Math.sqrt(variance[c]! + 1e-3)) * scale!.data[c]! + offset!.data[c]!;
    });
    const y = tidy(() => {
      const [means, offsets, scales] = [mean!, offset!, scale!].map((values) => tensor1d([...values.data]));
      return batchNorm(tensorOf(x), means!, tensor1d([...variance]), offsets, scales, 1e-3).dataSync();
    });
    // The smallest variance multiplies the rounding of x by some thirty.
    expect(y).toBeCloseToArray(expected, { atol: 2e-5, rtol: 2e-5 });
  });
});

/** For each value that comes out, in order, the values it pools and their places, row by row. */
function windowsOf(each: SlidingCase, { data }: Input): { readonly places: number[]; readonly values: number[] }[] {
  const C = each.x[3];
  const windows = slide(each);
  const count = windows.outShape.reduce((product, size) => product * size, C);
  const found = Array.from({ length: count }, () => ({ places: [] as number[], values: [] as number[] }));
  windows.visit((window, _, pixel) => {
    for (let c = 0; c < C; c += 1) {
      found[window * C + c]!.places.push(pixel * C + c);
      found[window * C + c]!.values.push(data[pixel * C + c]!);
    }
  });
  return found;
}
