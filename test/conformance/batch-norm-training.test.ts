// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { tidy } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { batchNormOfBatch } from '../../src/tensor/ops/batch-norm-training.ts';
import { describeBackends } from '../support/backends.ts';
import { expectAgreement, randomInput, tensorOf } from '../support/reference.ts';
import type { Input } from '../support/reference.ts';

const EPSILON = 1e-3;
const C = 11;

/** Columns of [M, C] standardised, scaled and moved; then the skip, and the ReLU if there is one. */
function reference(
  inputs: Readonly<Record<'x' | 'scale' | 'bias', Input>> & { readonly skip?: Input },
  rectifies: boolean,
): number[] {
  const x = [...inputs.x.data];
  const { means, variances } = momentsOf(x);
  return x.map((value, i) => {
    const c = i % C;
    const normal = (value - means[c]!) / Math.sqrt(variances[c]! + EPSILON);
    const y = normal * inputs.scale.data[c]! + inputs.bias.data[c]! + (inputs.skip?.data[i] ?? 0);
    return rectifies ? Math.max(0, y) : y;
  });
}

function momentsOf(x: readonly number[]) {
  const columns = Array.from({ length: C }, (_, c) => x.filter((_value, i) => i % C === c));
  const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const means = columns.map(meanOf);
  return { means, variances: columns.map((column, c) => meanOf(column.map((value) => (value - means[c]!) ** 2))) };
}

describeBackends('batch norm with the moments of the batch', () => {
  const parameters = { scale: randomInput([C], 2), bias: randomInput([C], 3) };
  const x = randomInput([2, 3, 4, C], 1);
  // Of a seed with which no sum comes so near to the ReLU's kink that a difference steps over it.
  const skip = randomInput([2, 3, 4, C], 6);

  test.each([false, true])('alone; rectified: %s', (rectifies) => {
    expectAgreement({
      inputs: { x, ...parameters },
      run: (given) => batchNormOfBatch(given.x, given.scale, given.bias, { epsilon: EPSILON, rectifies }).output,
      reference: (given) => reference(given, rectifies),
    });
  });

  test.each([false, true])('with a skip; rectified: %s', (rectifies) => {
    expectAgreement({
      inputs: { x, ...parameters, skip },
      run: (given) => {
        const options = { epsilon: EPSILON, rectifies, skip: given.skip };
        return batchNormOfBatch(given.x, given.scale, given.bias, options).output;
      },
      reference: (given) => reference(given, rectifies),
    });
  });

  test('gives the moments, also those of values far from zero', () => {
    const far = { shape: x.shape, data: x.data.map((value) => Math.fround(1000 + value)) };
    const moments = tidy(() => {
      const [values, scale, bias] = [far, parameters.scale, parameters.bias].map((input) => tensorOf(input));
      const { mean, variance } = batchNormOfBatch(values!, scale!, bias!, { epsilon: EPSILON, rectifies: false });
      return { mean: mean.dataSync(), variance: variance.dataSync() };
    });
    const expected = momentsOf([...far.data]);
    expect(moments.mean).toBeCloseToArray(expected.means, { atol: 0, rtol: 1e-6 });
    // A mean that is rounded to float32 is wrong by up to 6e-5, and a variance about it by the square of that.
    expect(moments.variance).toBeCloseToArray(expected.variances, { atol: 1e-5, rtol: 1e-4 });
  });

  test('refuses a skip of another shape', () => {
    const run = () =>
      tidy(() => {
        const [values, scale, bias] = [x, parameters.scale, parameters.bias].map((input) => tensorOf(input));
        const other = tensorOf(randomInput([2, 3, C], 5));
        return batchNormOfBatch(values!, scale!, bias!, { epsilon: EPSILON, rectifies: false, skip: other }).output;
      });
    expect(run).toThrow('batchNorm skip: expected [2, 3, 4, 11], got [2, 3, 11]');
  });
});
