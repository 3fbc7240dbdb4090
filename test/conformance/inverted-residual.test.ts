// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { add, conv2d, depthwiseConv2d, grads, relu, relu6, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { ShapeError } from '../../src/errors.ts';
import { invertedResidual } from '../../src/tensor/ops/inverted-residual.ts';
import type { InvertedResidualAttrs } from '../../src/tensor/ops/inverted-residual.ts';
import { describeBackends } from '../support/backends.ts';
import { randomInput, tensorOf } from '../support/reference.ts';

/** Three convolutions of float32 in another order, of values of order one. */
const CLOSE = { atol: 2e-5, rtol: 2e-5 };

type Shape = [B: number, H: number, W: number, C: number];

interface BlockCase {
  readonly x: Shape;
  /** Channels in the middle; as many as x has, without an expansion, where it is absent. */
  readonly E?: number;
  readonly N: number;
  readonly attrs: InvertedResidualAttrs;
}

const attrs = { strides: 1, pad: 'same', activation: 'relu6', residual: false } as const;
const CASES: readonly (readonly [name: string, block: BlockCase])[] = [
  ['with a residual', { x: [2, 7, 5, 11], E: 37, N: 11, attrs: { ...attrs, residual: true } }],
  ['without one', { x: [1, 9, 8, 7], E: 23, N: 13, attrs }],
  ['at stride 2, same on even sizes', { x: [2, 8, 10, 5], E: 29, N: 7, attrs: { ...attrs, strides: 2 } }],
  ['at stride 2, one pixel all around', { x: [1, 9, 8, 5], E: 17, N: 7, attrs: { ...attrs, strides: 2, pad: 1 } }],
  ['without an expansion', { x: [2, 6, 7, 19], N: 5, attrs: { ...attrs, activation: 'relu' } }],
  ['of images of one pixel', { x: [3, 1, 1, 5], E: 7, N: 5, attrs: { ...attrs, residual: true } }],
];

describeBackends('invertedResidual', () => {
  test.each(CASES)('%s: as its three convolutions', (_, block) => {
    const [received, expected] = tidy(() => {
      const inputs = inputsOf(block);
      return [apply(inputs, block.attrs).dataSync(), inSteps(inputs, block.attrs).dataSync()];
    });
    expect(received).toBeCloseToArray(expected, CLOSE);
  });

  test('gradients are those of its three convolutions', () => {
    const [, block] = CASES[0]!;
    const [received, expected] = tidy(() => {
      const inputs = inputsOf(block);
      const dy = tensorOf(randomInput(block.x, 9));
      const through = (run: typeof apply): Float32Array[] =>
        grads((...given) => run(given, block.attrs))([...inputs], dy).map((dx) => dx.dataSync<'float32'>());
      return [through(apply), through(inSteps)];
    });
    for (const [i, gradient] of expected.entries()) {
      expect(received[i], `of input ${i}`).toBeCloseToArray(gradient, CLOSE);
    }
  });

  test('an empty batch gives an empty one', () => {
    const y = tidy(() => apply(inputsOf({ x: [0, 5, 5, 3], E: 7, N: 2, attrs }), attrs));
    expect(y.shape).toEqual([0, 5, 5, 2]);
    y.dispose();
  });

  test('filters that do not fit are named', () => {
    const residual = { ...attrs, residual: true };
    expect(() => tidy(() => apply(inputsOf({ x: [1, 5, 5, 3], E: 7, N: 2, attrs: residual }), residual))).toThrow(
      new ShapeError('inverted residual project bias: expected [N=3], got [2]'),
    );
  });
});

/** x, then filter and bias of the depthwise convolution, the projection and the expansion. */
function inputsOf({ x, E, N }: BlockCase): readonly Tensor[] {
  const C = x[3];
  const middle = E ?? C;
  const shapes = [[3, 3, middle, 1], [middle], [1, 1, middle, N], [N], ...(E === undefined ? [] : [[1, 1, C, E], [E]])];
  return [x, ...shapes].map((shape, i) => tensorOf(randomInput(shape, i + 1)));
}

function apply(inputs: readonly Tensor[], options: InvertedResidualAttrs): Tensor4D {
  const [x, ...rest] = inputs;
  const at = (i: number): { kernel: Tensor; bias: Tensor } => ({ kernel: rest[i]!, bias: rest[i + 1]! });
  const expand = rest.length > 4 ? at(4) : undefined;
  return invertedResidual(x as Tensor4D, { depthwise: at(0), project: at(2), expand }, options);
}

function inSteps(inputs: readonly Tensor[], { strides, pad, activation, residual }: InvertedResidualAttrs): Tensor4D {
  const [x, filter, filterBias, project, projectBias, expand, expandBias] = inputs as Tensor4D[];
  const activated = (y: Tensor4D): Tensor4D => (activation === 'relu6' ? relu6(y) : relu(y));
  const wide = expand === undefined ? x! : activated(add(conv2d(x!, expand, 1, 'valid'), expandBias!));
  const filtered = activated(add(depthwiseConv2d(wide, filter!, strides, pad), filterBias!));
  const narrow = add<Tensor4D>(conv2d(filtered, project!, 1, 'valid'), projectBias!);
  return residual ? add<Tensor4D>(narrow, x!) : narrow;
}
