import { expect, test } from 'vitest';

import { topK } from '../../src/metrics/top-k.ts';

test('gives the indices of the largest values, largest first', () => {
  expect(topK([0.1, 0.5, 0.2, 0.9], 2)).toEqual([3, 1]);
});

test('equal values keep the order of their indices', () => {
  expect(topK([1, 2, 2, 1, 2], 4)).toEqual([1, 2, 4, 0]);
});

test('asking for more than there are gives all', () => {
  expect(topK([3, 4], 9)).toEqual([1, 0]);
});
