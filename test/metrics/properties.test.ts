import { describe, expect, test } from 'vitest';

import { accuracyByClass, accuracyOf, confusionOf } from '../../src/metrics/accuracy.ts';
import { agreementOf, errorConsistency } from '../../src/metrics/agreement.ts';
import { calibrationOf, negativeLogLikelihood } from '../../src/metrics/calibration.ts';
import { costOf, normOf, product } from '../../src/metrics/cost.ts';
import { bootstrapMean, wilsonInterval } from '../../src/metrics/intervals.ts';
import { kernelAlignment } from '../../src/metrics/kernel-alignment.ts';
import { holm } from '../../src/metrics/mcnemar.ts';
import { spreadOf } from '../../src/metrics/quantiles.ts';
import { permutation, randomOf, seedOf } from '../../src/metrics/random.ts';

describe('without images', () => {
  test('nothing is claimed', () => {
    const nothing = [
      accuracyOf([]),
      negativeLogLikelihood([]),
      calibrationOf([]).expectedCalibrationError,
      agreementOf([], []),
      errorConsistency({ both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 }),
      bootstrapMean([], { seed: 1 }),
      wilsonInterval(0, 0),
      spreadOf([]),
      kernelAlignment({ cross: 0, first: 0, second: 0 }),
    ];
    expect(nothing).toEqual(nothing.map(() => null));
    expect([accuracyByClass([]), confusionOf([])]).toEqual([[], []]);
  });
});

test('a probability of zero for the true class leaves the log likelihood finite', () => {
  const answer = { label: 1, top: [0], confidence: 1, labelProbability: 0 };
  expect(negativeLogLikelihood([answer])).toBeCloseTo(52 * Math.LN2, 12);
});

describe('intervals', () => {
  test('of the bootstrap follow from the seed, and close over a difference that every image has', () => {
    const values = [1, 0, 0, -1, 1, 1, 0];
    expect(bootstrapMean(values, { seed: 7 })).toEqual(bootstrapMean(values, { seed: 7 }));
    expect(bootstrapMean(values, { seed: 7, resamples: 999 })).not.toEqual(
      bootstrapMean(values, { seed: 8, resamples: 999 }),
    );
    expect(bootstrapMean([0.5, 0.5], { seed: 3 })).toEqual({ low: 0.5, high: 0.5 });
  });

  test('of Bernoulli trials hold the true share about as often as they say', () => {
    const random = randomOf(11);
    const trials = Array.from({ length: 400 }, () => {
      const right = Array.from({ length: 60 }, () => Number(random.uniform() < 0.9)).reduce((a, b) => a + b, 0);
      const { low, high } = wilsonInterval(right, 60)!;
      return low <= 0.9 && 0.9 <= high;
    });
    expect(trials.filter(Boolean).length / 400).toBeGreaterThan(0.92);
  });
});

test("Holm's correction raises p-values step by step and keeps their order", () => {
  // By hand: sorted 0.01 0.02 0.03 0.6 times 4 3 2 1 is 0.04 0.06 0.06 0.6.
  expect(holm([0.02, 0.6, 0.01, 0.03])).toEqual([0.06, 0.6, 0.04, 0.06]);
  expect(holm([0.9, 0.8])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
});

test('a cost sums products and, apart from them, norms', () => {
  expect(costOf([product(6, 5), normOf('layerNorm', 3), normOf('batchNorm', 7)])).toEqual({
    multiplyAdds: 30,
    multiplyAddsWithNorms: 30 + 15 + 14,
    activations: 6,
  });
});

describe('random numbers', () => {
  test('are the same for the same seed, and uniform', () => {
    const [a, b, other] = [randomOf(5), randomOf(5), randomOf(6)];
    const drawn = Array.from({ length: 1000 }, () => a.uniform());
    expect(drawn).toEqual(drawn.map(() => b.uniform()));
    expect(drawn[0]).not.toBe(other.uniform());
    expect(drawn.every((x) => x >= 0 && x < 1)).toBe(true);
    const mean = drawn.reduce((sum, x) => sum + x, 0) / 1000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.04);
  });

  test('seeds differ for what is told apart', () => {
    expect(seedOf(1, 'a.jpg')).toBe(seedOf(1, 'a.jpg'));
    expect(new Set([seedOf(1, 'a.jpg'), seedOf(2, 'a.jpg'), seedOf(1, 'b.jpg'), seedOf(1, 'a', 'jpg')]).size).toBe(4);
  });

  test('a permutation holds each number once; normals have mean 0 and variance 1', () => {
    const random = randomOf(9);
    expect(permutation(37, random).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 37 }, (_, i) => i));
    const drawn = Array.from({ length: 4000 }, () => random.normal());
    const mean = drawn.reduce((sum, x) => sum + x, 0) / 4000;
    const variance = drawn.reduce((sum, x) => sum + x * x, 0) / 4000;
    expect(Math.abs(mean)).toBeLessThan(0.06);
    expect(Math.abs(variance - 1)).toBeLessThan(0.1);
  });
});
