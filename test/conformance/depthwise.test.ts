// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { depthwiseConv2d, fused, grads, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { describeBackends } from '../support/backends.ts';
import { randomInput, tensorOf } from '../support/reference.ts';
import type { Input } from '../support/reference.ts';
import { slide, UNEVEN_PADDING } from '../support/sliding-windows.ts';
import type { SlidingCase } from '../support/sliding-windows.ts';

/** Float32 sums of up to some hundred products of values below one, against float64. */
const SUMS = { atol: 1e-5, rtol: 1e-5 };

interface DepthwiseCase extends SlidingCase {
  /** Output channels for each input channel. */
  readonly multiplier?: number;
}

const CASES: readonly DepthwiseCase[] = [
  { name: '3×3 same', x: [2, 7, 11, 13], window: [3, 3], pad: 'same' },
  { name: '3×3 same, many channels', x: [1, 6, 7, 67], window: [3, 3], pad: 'same' },
  { name: '3×3 at stride 2, same on even sizes', x: [1, 8, 10, 5], window: [3, 3], strides: [2, 2], pad: 'same' },
  { name: '3×3 at stride 2, same on odd sizes', x: [1, 7, 9, 17], window: [3, 3], strides: [2, 2], pad: 'same' },
  { name: '3×3 at stride 2, one pixel all around', x: [2, 8, 9, 5], window: [3, 3], strides: [2, 2], pad: 1 },
  { name: '7×7 same', x: [2, 9, 8, 19], window: [7, 7], pad: 'same' },
  { name: '5×2 valid', x: [1, 9, 8, 3], window: [5, 2], pad: 'valid' },
  {
    name: 'padding that differs on every side',
    x: [2, 6, 5, 3],
    window: [3, 3],
    pad: UNEVEN_PADDING,
  },
  { name: 'one channel', x: [1, 6, 7, 1], window: [3, 3], pad: 'same' },
  { name: 'windows larger than the image', x: [1, 2, 3, 4], window: [5, 5], pad: 'same' },
  { name: 'three output channels for each', x: [2, 5, 6, 7], window: [3, 3], pad: 'same', multiplier: 3 },
  { name: 'two for each at stride 2', x: [1, 7, 6, 9], window: [3, 3], strides: [2, 2], pad: 'same', multiplier: 2 },
];

const DILATED: readonly DepthwiseCase[] = [
  { name: '3×3 at dilation 2', x: [2, 9, 8, 5], window: [3, 3], dilations: [2, 2], pad: 'same' },
  {
    name: '2×3 at dilations 3 and 2',
    x: [1, 9, 11, 3],
    window: [2, 3],
    dilations: [3, 2],
    pad: 'valid',
    multiplier: 2,
  },
];

describeBackends('depthwiseConv2d', () => {
  test.each([...CASES, ...DILATED].map((each) => [each.name, each] as const))('%s', (_, each) => {
    const { x, filter } = operands(each);
    const y = tidy(() => convolve(each, tensorOf(x), tensorOf(filter)).dataSync());
    expect(y).toBeCloseToArray(forward(each, x, filter), SUMS);
  });

  test.each(CASES.map((each) => [each.name, each] as const))('gradients of %s', (_, each) => {
    const { x, filter } = operands(each);
    const dy = randomInput([...slide(each).outShape, each.x[3] * (each.multiplier ?? 1)], 3);
    const [dx, dFilter] = tidy(() => {
      const run = (...[image, weights]: Tensor[]): Tensor => convolve(each, image as Tensor4D, weights as Tensor4D);
      return grads(run)([tensorOf(x), tensorOf(filter)], tensorOf(dy)).map((gradient) => gradient.dataSync());
    });
    const expected = backward(each, x, filter, dy);
    expect(dx, 'gradient of the images').toBeCloseToArray(expected.x, SUMS);
    expect(dFilter, 'gradient of the filter').toBeCloseToArray(expected.filter, SUMS);
  });

  test.each([CASES[0]!, CASES[2]!])('fused with a bias and relu6: $name', (each) => {
    const { x, filter } = operands(each);
    const bias = randomInput([each.x[3]], 4, 8);
    const y = tidy(() => {
      const operation = { activation: 'relu6', bias: tensor1d([...bias.data]), pad: each.pad as 'same' } as const;
      const weights = tensorOf<Tensor4D>(filter);
      const strides = each.strides ?? 1;
      return fused.depthwiseConv2d({ x: tensorOf<Tensor4D>(x), filter: weights, strides, ...operation }).dataSync();
    });
    const expected = forward(each, x, filter).map((sum, i) =>
      Math.min(6, Math.max(0, sum + bias.data[i % each.x[3]]!)),
    );
    expect(y).toBeCloseToArray(expected, SUMS);
  });
});

function operands({ x, window, multiplier = 1 }: DepthwiseCase): { readonly x: Input; readonly filter: Input } {
  return { x: randomInput(x, 1), filter: randomInput([...window, x[3], multiplier], 2) };
}

function convolve({ strides, dilations, pad }: DepthwiseCase, x: Tensor4D, filter: Tensor4D): Tensor4D {
  return depthwiseConv2d(x, filter, strides ?? 1, pad as 'same', 'NHWC', dilations ?? 1);
}

function forward(each: DepthwiseCase, x: Input, filter: Input): Float64Array {
  const { multiplier = 1 } = each;
  const N = each.x[3] * multiplier;
  const windows = slide(each);
  const y = new Float64Array(windows.outShape.reduce((product, size) => product * size, N));
  windows.visit((window, tap, pixel) => {
    for (let n = 0; n < N; n += 1) {
      y[window * N + n]! += x.data[pixel * each.x[3] + Math.floor(n / multiplier)]! * filter.data[tap * N + n]!;
    }
  });
  return y;
}

/** The gradients of ⟨y, dy⟩: y is a sum of products, so each factor's is dy times the other. */
function backward(each: DepthwiseCase, x: Input, filter: Input, dy: Input): Record<'x' | 'filter', Float64Array> {
  const { multiplier = 1 } = each;
  const N = each.x[3] * multiplier;
  const gradients = { x: new Float64Array(x.data.length), filter: new Float64Array(filter.data.length) };
  slide(each).visit((window, tap, pixel) => {
    for (let n = 0; n < N; n += 1) {
      const at = pixel * each.x[3] + Math.floor(n / multiplier);
      gradients.x[at]! += dy.data[window * N + n]! * filter.data[tap * N + n]!;
      gradients.filter[tap * N + n]! += dy.data[window * N + n]! * x.data[at]!;
    }
  });
  return gradients;
}
