import { expect, test } from 'vitest';

import { transpose } from '../../src/weights/arrays.ts';

test.each([
  [1, 1],
  [7, 3],
  [8, 5],
  [19, 1],
  [24, 17],
  [0, 4],
  [8, 0],
])('a transposed [%i, %i] matrix has its rows as columns', (R, C) => {
  const data = Float32Array.from({ length: R * C }, (_, i) => i);
  const expected = Array.from({ length: R * C }, (_, i) => (i % R) * C + Math.floor(i / R));
  const { shape, data: moved } = transpose({ shape: [R, C], data });
  expect(shape).toEqual([C, R]);
  expect([...moved]).toEqual(expected);
});
