import { expect, test } from 'vitest';

import { gaussianBlur } from '../../src/image/blur.ts';

test('a blur leaves an even image as it is and spreads a point evenly', () => {
  const even = { data: new Float32Array(5 * 7 * 3).fill(0.5), height: 5, width: 7 };
  expect(gaussianBlur(even, { sigma: 2, reach: 6 })).toBeCloseToArray(even.data, { atol: 1e-6 });
  const point = { data: new Float32Array(21 * 21), height: 21, width: 21 };
  point.data[10 * 21 + 10] = 1;
  const spread = gaussianBlur(point, { sigma: 1.5, reach: 5 });
  const at = (y: number, x: number): number => spread[(10 + y) * 21 + 10 + x]!;
  expect(at(2, 0)).toBeCloseTo(at(0, -2), 8);
  // The two-dimensional Gaussian, one axis after the other.
  expect(at(1, 2) / at(0, 0)).toBeCloseTo(Math.exp(-5 / (2 * 1.5 ** 2)), 5);
  expect(spread.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
});
