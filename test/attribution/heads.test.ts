import { describe, expect, test } from 'vitest';

import { columnThrough, fuseHeads, headOf, rowThrough } from '../../src/attribution/heads.ts';
import { ArgumentError, ShapeError } from '../../src/errors.ts';

/** Two tokens, two heads; rows sum to one. */
const WEIGHTS = { numHeads: 2, numTokens: 2, data: Float32Array.of(0.75, 0.25, 0.5, 0.5, 0.25, 0.75, 0, 1) };

describe('heads of one layer', () => {
  test('fuse by hand', () => {
    expect([...fuseHeads(WEIGHTS, 'mean')]).toEqual([0.5, 0.5, 0.25, 0.75]);
    expect([...fuseHeads(WEIGHTS, 'max')]).toEqual([0.75, 0.75, 0.5, 1]);
    expect([...fuseHeads(WEIGHTS, 'min')]).toEqual([0.25, 0.25, 0, 0.5]);
    expect([...fuseHeads(WEIGHTS, 'mean', [1])]).toEqual([0.25, 0.75, 0, 1]);
  });

  test('are given back as they are', () => {
    expect([...headOf(WEIGHTS, 1)]).toEqual([0.25, 0.75, 0, 1]);
    expect(() => headOf(WEIGHTS, 2)).toThrow(ArgumentError);
    expect(() => fuseHeads(WEIGHTS, 'mean', [])).toThrow(ArgumentError);
    expect(() => headOf({ ...WEIGHTS, numTokens: 3 }, 0)).toThrow(ShapeError);
  });

  test('a sum of queries takes a sum of rows; a sum of keys gets a sum of columns', () => {
    const matrix = headOf(WEIGHTS, 0);
    expect([...rowThrough([0.5, 0.5], matrix)]).toEqual([0.625, 0.375]);
    expect([...columnThrough(matrix, [0, 1])]).toEqual([0.25, 0.5]);
  });
});
