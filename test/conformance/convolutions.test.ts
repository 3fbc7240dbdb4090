// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { conv2d, fused, grads, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { ShapeError } from '../../src/errors.ts';
import { convolutionWithSkip } from '../../src/tensor/ops/convolution-with-skip.ts';
import type { Rectifier } from '../../src/tensor/ops/convolution-with-skip.ts';
import { describeBackends } from '../support/backends.ts';
import { randomInput, tensorOf } from '../support/reference.ts';
import type { Input } from '../support/reference.ts';
import { slide } from '../support/sliding-windows.ts';
import type { SlidingCase } from '../support/sliding-windows.ts';

/** Float32 sums of up to a thousand products of values below one, against float64. */
const SUMS = { atol: 2e-5, rtol: 2e-5 };

interface ConvolutionCase extends SlidingCase {
  readonly N: number;
}

const CASES: readonly ConvolutionCase[] = [
  { name: '1×1', x: [2, 5, 7, 13], window: [1, 1], pad: 'valid', N: 17 },
  { name: '1×1 at stride 2', x: [2, 5, 7, 13], window: [1, 1], strides: [2, 2], pad: 'valid', N: 17 },
  { name: '3×3 same', x: [2, 5, 7, 11], window: [3, 3], pad: 'same', N: 19 },
  { name: '3×3 at stride 2, same on even sizes', x: [1, 8, 10, 5], window: [3, 3], strides: [2, 2], pad: 'same', N: 7 },
  { name: '3×3 at stride 2, same on odd sizes', x: [1, 7, 9, 5], window: [3, 3], strides: [2, 2], pad: 'same', N: 7 },
  { name: '3×3 at stride 2, one pixel all around', x: [2, 8, 9, 5], window: [3, 3], strides: [2, 2], pad: 1, N: 7 },
  { name: '7×7 at stride 2 on three channels', x: [1, 21, 19, 3], window: [7, 7], strides: [2, 2], pad: 3, N: 23 },
  { name: '3×5 at strides 3 and 2, valid', x: [3, 11, 13, 2], window: [3, 5], strides: [3, 2], pad: 'valid', N: 5 },
  {
    name: 'padding that differs on every side',
    x: [2, 6, 5, 3],
    window: [3, 3],
    pad: [
      [0, 0],
      [2, 0],
      [1, 3],
      [0, 0],
    ],
    N: 5,
  },
  { name: '3×3 same, more channels', x: [2, 9, 11, 23], window: [3, 3], pad: 'same', N: 29 },
  { name: '3×3 valid, more channels', x: [1, 13, 9, 17], window: [3, 3], pad: 'valid', N: 31 },
  {
    name: 'more channels and padding that differs on every side',
    x: [2, 8, 9, 19],
    window: [3, 3],
    pad: [
      [0, 0],
      [2, 0],
      [1, 3],
      [0, 0],
    ],
    N: 37,
  },
  { name: 'one channel in and one out', x: [1, 6, 7, 1], window: [3, 3], pad: 'same', N: 1 },
  { name: 'windows larger than the image', x: [1, 2, 3, 4], window: [5, 5], pad: 'same', N: 3 },
  { name: 'a stride larger than the window', x: [2, 9, 8, 3], window: [2, 1], strides: [3, 4], pad: 'valid', N: 4 },
  { name: 'channels that fill several blocks of depth', x: [1, 5, 4, 67], window: [3, 3], pad: 'same', N: 37 },
  { name: 'windows that fill several blocks of rows', x: [1, 23, 29, 2], window: [3, 3], pad: 'same', N: 3 },
];

const DILATED: readonly ConvolutionCase[] = [
  { name: '3×3 at dilation 2', x: [2, 9, 8, 5], window: [3, 3], dilations: [2, 2], pad: 'same', N: 7 },
  { name: '2×3 at dilations 3 and 2', x: [1, 9, 11, 3], window: [2, 3], dilations: [3, 2], pad: 'valid', N: 4 },
];

describeBackends('conv2d', () => {
  test.each([...CASES, ...DILATED].map((each) => [each.name, each] as const))('%s', (_, each) => {
    const { x, filter } = operands(each);
    const y = tidy(() => convolve(each, tensorOf(x), tensorOf(filter)).dataSync());
    expect(y).toBeCloseToArray(forward(each, x, filter), SUMS);
  });

  test.each(CASES.map((each) => [each.name, each] as const))('gradients of %s', (_, each) => {
    const { x, filter } = operands(each);
    const dy = randomInput([...slide(each).outShape, each.N], 3);
    const [dx, dFilter] = tidy(() => {
      const run = (...[image, weights]: Tensor[]): Tensor => convolve(each, image as Tensor4D, weights as Tensor4D);
      return grads(run)([tensorOf(x), tensorOf(filter)], tensorOf(dy)).map((gradient) => gradient.dataSync());
    });
    const expected = backward(each, x, filter, dy);
    expect(dx, 'gradient of the images').toBeCloseToArray(expected.x, SUMS);
    expect(dFilter, 'gradient of the filter').toBeCloseToArray(expected.filter, SUMS);
  });
});

describeBackends('fused.conv2d', () => {
  const each = CASES.find(({ name }) => name === '3×3 same')!;
  const { x, filter } = operands(each);
  const bias = randomInput([each.N], 4);
  const sums = forward(each, x, filter).map((sum, i) => sum + bias.data[i % each.N]!);
  const activations: readonly [
    name: 'linear' | 'relu' | 'relu6' | 'elu' | 'sigmoid' | 'leakyrelu' | 'prelu',
    of: (sum: number, n: number) => number,
  ][] = [
    ['linear', (sum) => sum],
    ['relu', (sum) => Math.max(0, sum)],
    ['relu6', (sum) => Math.min(6, Math.max(0, sum))],
    ['elu', (sum) => (sum < 0 ? Math.expm1(sum) : sum)],
    ['sigmoid', (sum) => 1 / (1 + Math.exp(-sum))],
    ['leakyrelu', (sum) => (sum < 0 ? 0.3 * sum : sum)],
    ['prelu', (sum, n) => (sum < 0 ? bias.data[n]! * sum : sum)],
  ];
  test.each(activations)('%s', (activation, of) => {
    const y = tidy(() => {
      const weights = tensor1d([...bias.data]);
      const prelu = activation === 'prelu' ? { preluActivationWeights: weights } : {};
      const operation = { activation, leakyreluAlpha: 0.3, ...prelu, strides: 1, pad: 'same' as const, bias: weights };
      return fused.conv2d({ x: tensorOf<Tensor4D>(x), filter: tensorOf<Tensor4D>(filter), ...operation }).dataSync();
    });
    const expected = sums.map((sum, i) => of(sum, i % each.N));
    expect(y).toBeCloseToArray(expected, SUMS);
  });
});

describeBackends('convolutionWithSkip', () => {
  const each = CASES.find(({ name }) => name === '3×3 at stride 2, one pixel all around')!;
  const { x, filter } = operands(each);
  const bias = randomInput([each.N], 4);
  const outShape = [...slide(each).outShape, each.N];
  const skip = randomInput(outShape, 5);
  const place = { strides: 2, pad: 1 } as const;
  const sums = forward(each, x, filter).map((sum, i) => sum + bias.data[i % each.N]! + skip.data[i]!);
  const run = (activation: Rectifier, ...[image, weights, added, shift]: Tensor[]): Tensor4D =>
    convolutionWithSkip(image as Tensor4D, weights as Tensor4D, added as Tensor4D, {
      ...place,
      bias: shift,
      activation,
    });

  test.each<[Rectifier, (sum: number) => number]>([
    ['linear', (sum) => sum],
    ['relu', (sum) => Math.max(0, sum)],
    ['relu6', (sum) => Math.min(6, Math.max(0, sum))],
  ])('%s of the sum', (activation, of) => {
    const y = tidy(() => run(activation, ...[x, filter, skip, bias].map((input) => tensorOf(input))).dataSync());
    expect(y).toBeCloseToArray(sums.map(of), SUMS);
  });

  test('without a bias', () => {
    const y = tidy(() => run('linear', ...[x, filter, skip].map((input) => tensorOf(input))).dataSync());
    const expected = sums.map((sum, i) => sum - bias.data[i % each.N]!);
    expect(y).toBeCloseToArray(expected, SUMS);
  });

  test('gradients', () => {
    const dy = randomInput(outShape, 6);
    const received = tidy(() =>
      grads((...inputs) => run('relu', ...inputs))(
        [x, filter, skip, bias].map((input) => tensorOf(input)),
        tensorOf(dy),
      ).map((gradient) => gradient.dataSync()),
    );
    const dz = { ...dy, data: dy.data.map((value, i) => (sums[i]! > 0 ? value : 0)) };
    const expected = backward(each, x, filter, dz);
    const dBias = new Float64Array(each.N);
    for (const [i, value] of dz.data.entries()) dBias[i % each.N]! += value;
    for (const [i, gradient] of [expected.x, expected.filter, dz.data, dBias].entries()) {
      expect(received[i], `of input ${i}`).toBeCloseToArray(gradient, SUMS);
    }
  });

  test('a skip of another shape is named', () => {
    expect(() => tidy(() => run('linear', tensorOf(x), tensorOf(filter), tensorOf(x)))).toThrow(
      new ShapeError('convolution skip: expected [2, 4, 5, 7], got [2, 8, 9, 5]'),
    );
  });
});

function operands({ x, window, N }: ConvolutionCase): { readonly x: Input; readonly filter: Input } {
  return { x: randomInput(x, 1), filter: randomInput([...window, x[3], N], 2) };
}

function convolve({ strides, dilations, pad }: ConvolutionCase, x: Tensor4D, filter: Tensor4D): Tensor4D {
  return conv2d(x, filter, strides ?? 1, pad as 'same', 'NHWC', dilations ?? 1);
}

function forward(each: ConvolutionCase, x: Input, filter: Input): Float64Array {
  const windows = slide(each);
  const [C, N] = [each.x[3], each.N];
  const y = new Float64Array(windows.outShape.reduce((product, size) => product * size, N));
  windows.visit((window, tap, pixel) => {
    for (let c = 0; c < C; c += 1) {
      for (let n = 0; n < N; n += 1) y[window * N + n]! += x.data[pixel * C + c]! * filter.data[(tap * C + c) * N + n]!;
    }
  });
  return y;
}

/** The gradients of ⟨y, dy⟩: y is a sum of products, so each factor's is dy times the other. */
function backward(each: ConvolutionCase, x: Input, filter: Input, dy: Input): Record<'x' | 'filter', Float64Array> {
  const [C, N] = [each.x[3], each.N];
  const gradients = { x: new Float64Array(x.data.length), filter: new Float64Array(filter.data.length) };
  slide(each).visit((window, tap, pixel) => {
    for (let c = 0; c < C; c += 1) {
      for (let n = 0; n < N; n += 1) {
        const [atX, atFilter] = [pixel * C + c, (tap * C + c) * N + n];
        gradients.x[atX]! += dy.data[window * N + n]! * filter.data[atFilter]!;
        gradients.filter[atFilter]! += dy.data[window * N + n]! * x.data[atX]!;
      }
    }
  });
  return gradients;
}
