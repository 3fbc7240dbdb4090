import { fused, tidy, zeros } from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';

import { convolutionWithSkip } from '../../../../src/tensor/ops/convolution-with-skip.ts';
import { invertedResidual } from '../../../../src/tensor/ops/inverted-residual.ts';
import { inPrecision } from '../../../../src/tensor/precision.ts';
import { productIn } from '../../../support/bfloat16.ts';
import { CASES, convolve, DILATED, forward, operands, SUMS } from '../../../support/convolution-cases.ts';
import type { ConvolutionCase } from '../../../support/convolution-cases.ts';
import { describeInstructionSets } from '../../../support/instruction-sets.ts';
import { randomInput, tensorOf } from '../../../support/reference.ts';
import type { Input } from '../../../support/reference.ts';
import { slide } from '../../../support/sliding-windows.ts';

/** More windows than one thread takes at a time, or so few that threads share their weights. */
const LARGE: readonly ConvolutionCase[] = [
  { name: '1×1 on many pixels', x: [3, 31, 29, 17], window: [1, 1], pad: 'valid', N: 5 },
  { name: '3×3 on many pixels', x: [2, 29, 31, 18], window: [3, 3], pad: 'same', N: 5 },
  { name: 'few windows, many weights', x: [1, 3, 5, 130], window: [3, 3], pad: 'same', N: 67 },
];

describeInstructionSets('convolutions', () => {
  describe.each(['bf16', 'bf16x3'] as const)('in %s', (precision) => {
    const valuesOf = (compute: () => Tensor): Float32Array =>
      tidy(() => inPrecision(precision, compute).dataSync<'float32'>());

    const sumsOf = (each: ConvolutionCase, x: Input, filter: Input): Float64Array =>
      productIn(precision, [x, filter], (a, b) => forward(each, a, b));

    test.each([...CASES, ...DILATED, ...LARGE].map((each) => [each.name, each] as const))(
      '%s: sums of the products of rounded operands',
      (_, each) => {
        const { x, filter } = operands(each);
        const y = valuesOf(() => convolve(each, tensorOf(x), tensorOf(filter)));
        expect(y).toBeCloseToArray(sumsOf(each, x, filter), SUMS);
      },
    );

    test.each(LARGE.map((each) => [each.name, each] as const))('%s, with bias, skip and ReLU', (_, each) => {
      const { x, filter } = operands(each);
      const [bias, skip] = [randomInput([each.N], 4), randomInput([...slide(each).outShape, each.N], 5)];
      const y = valuesOf(() => {
        const options = { strides: 1, pad: 'same', bias: tensorOf(bias), activation: 'relu' } as const;
        return convolutionWithSkip(tensorOf(x), tensorOf(filter), tensorOf(skip), options);
      });
      const expected = sumsOf(each, x, filter).map((sum, i) =>
        Math.max(0, sum + bias.data[i % each.N]! + skip.data[i]!),
      );
      expect(y).toBeCloseToArray(expected, SUMS);
    });

    test('an empty batch gives an empty one', () => {
      const empty = (): Tensor => convolve(CASES[2]!, zeros<Rank.R4>([0, 5, 7, 11]), zeros<Rank.R4>([3, 3, 11, 19]));
      expect(valuesOf(empty)).toEqual(new Float32Array());
    });

    test('a filter serves one precision after the other', () => {
      const each = CASES[2]!;
      const { x, filter } = operands(each);
      const [first, inFloat32, second] = tidy(() => {
        const [images, weights] = [tensorOf<Tensor4D>(x), tensorOf<Tensor4D>(filter)];
        return ([precision, 'f32', precision] as const).map((chosen) =>
          inPrecision(chosen, () => convolve(each, images, weights).dataSync()),
        );
      });
      expect(first).toEqual(second);
      expect(first).not.toEqual(inFloat32);
      expect(inFloat32).toBeCloseToArray(forward(each, x, filter), SUMS);
    });

    test('the inverted residual is its three convolutions', () => {
      const x = randomInput([2, 9, 8, 13], 1);
      const [expand, depthwise, project] = [
        biased([1, 1, 13, 41], 41, 2),
        biased([3, 3, 41, 1], 41, 3),
        biased([1, 1, 41, 13], 13, 4),
      ];
      const place = { strides: 1, pad: 'same' } as const;
      const whole = valuesOf(() => {
        const filters = { expand: expand(), depthwise: depthwise(), project: project() };
        return invertedResidual(tensorOf(x), filters, { ...place, activation: 'relu6', residual: true });
      });
      const inSteps = valuesOf(() => {
        const activated = { ...place, activation: 'relu6' } as const;
        const wide = fused.conv2d({ x: tensorOf<Tensor4D>(x), ...expand(), ...activated });
        const filtered = fused.depthwiseConv2d({ x: wide, ...depthwise(), ...activated });
        const { filter, bias } = project();
        return convolutionWithSkip(filtered, filter, tensorOf(x), { ...place, bias, activation: 'linear' });
      });
      expect(whole).toEqual(inSteps);
    });
  });
});

interface Biased {
  readonly kernel: Tensor4D;
  readonly filter: Tensor4D;
  readonly bias: Tensor1D;
}

/** A random filter, under both of its names, and a bias; tensors anew on each call. */
function biased(shape: readonly number[], channels: number, seed: number): () => Biased {
  const [kernel, bias] = [randomInput(shape, seed), randomInput([channels], seed + 10)];
  return () => {
    const filter = tensorOf<Tensor4D>(kernel);
    return { kernel: filter, filter, bias: tensorOf(bias) };
  };
}
