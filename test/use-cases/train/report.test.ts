import { expect, test } from 'vitest';

import { thinned } from '../../../src/use-cases/train/report.ts';

function point(step: number, loss: number) {
  return { step, loss, accuracy: 0, learningRate: 0, gradientNorm: 0, imagesPerSecond: 0 };
}

test('a curve is thinned to means of neighbours, the last of them perhaps of fewer', () => {
  const steps = [1, 2, 3, 4, 5].map((step) => point(step, 10 * step));
  expect(thinned(steps, 5)).toEqual(steps);
  expect(thinned(steps, 3)).toEqual([point(2, 15), point(4, 35), point(5, 50)]);
  expect(thinned([], 3)).toEqual([]);
});
