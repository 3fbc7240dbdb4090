// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { fused, grads, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { ShapeError } from '../../src/errors.ts';
import { convolutionWithSkip } from '../../src/tensor/ops/convolution-with-skip.ts';
import type { Rectifier } from '../../src/tensor/ops/convolution-with-skip.ts';
import { describeBackends } from '../support/backends.ts';
import { CASES, convolve, DILATED, forward, operands, SUMS } from '../support/convolution-cases.ts';
import type { ConvolutionCase } from '../support/convolution-cases.ts';
import { randomInput, tensorOf } from '../support/reference.ts';
import type { Input } from '../support/reference.ts';
import { slide } from '../support/sliding-windows.ts';

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
