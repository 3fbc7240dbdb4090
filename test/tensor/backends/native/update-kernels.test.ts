import { tensor1d } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { plainUpdates } from '../../../../src/training/optimizer.ts';
import { randomOf } from '../../../../src/training/random.ts';
import { describeInstructionSets } from '../../../support/instruction-sets.ts';

/** Neither whole vectors nor whole tasks of a thread. */
const SIZE = 40_003;
const ROUNDING = { atol: 1e-6, rtol: 1e-5 };

describeInstructionSets('parameters change as in TypeScript', (facts) => {
  const random = randomOf(7);
  const normal = (): Float32Array => Float32Array.from({ length: SIZE }, () => random.normal());

  test('by a step of AdamW', () => {
    const factors = {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      gradientScale: 0.3,
      kept: 0.99,
      stepSize: 0.02,
      deviationScale: 3,
    };
    const [values, gradient, first, second] = [normal(), normal(), normal(), normal().map((x) => x * x)];
    // Adam changes a parameter without any gradient by 0 over epsilon.
    for (const array of [gradient, first, second]) array[11] = 0;
    const expected = { values: values.slice(), first: first.slice(), second: second.slice() };
    plainUpdates.adamW(expected.values, gradient, expected, factors);
    facts().updates!.adamW(values, gradient, { first, second }, factors);
    expect(values).toBeCloseToArray(expected.values, ROUNDING);
    expect(first).toBeCloseToArray(expected.first, ROUNDING);
    expect(second).toBeCloseToArray(expected.second, ROUNDING);
  });

  test('and their moving average with them', () => {
    const [average, values] = [normal(), normal()];
    const expected = average.slice();
    plainUpdates.moveAverage(expected, values, 0.98);
    facts().updates!.moveAverage(average, values, 0.98);
    expect(average).toBeCloseToArray(expected, ROUNDING);
  });

  test('by gradients that are read where they lie', () => {
    const gradient = tensor1d([1, 2, 3]);
    const values = facts().updates!.valuesOf(gradient);
    expect([...values]).toEqual([1, 2, 3]);
    expect(facts().updates!.valuesOf(gradient)).toBe(values);
    gradient.dispose();
  });
});
