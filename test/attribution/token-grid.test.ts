import { describe, expect, test } from 'vitest';

import { nameOfToken, patchValues, prefixValues, tokenIndex, tokenWeights } from '../../src/attribution/token-grid.ts';
import { ArgumentError, ShapeError } from '../../src/errors.ts';

/** As DINOv2 with registers on an image that is wider than high: no square, no single prefix token. */
const GRID = { Gh: 2, Gw: 3, prefix: ['class', 'register 0', 'register 1'] };

describe('a grid of tokens', () => {
  test('knows its tokens by name and place', () => {
    expect(tokenIndex(GRID, 'register 1')).toBe(2);
    expect(tokenIndex(GRID, [1, 2])).toBe(8);
    expect([...tokenWeights(GRID, 'class')]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...tokenWeights(GRID, 'patches')].slice(2)).toEqual([0, ...Array(6).fill(1 / 6)]);
    expect(nameOfToken([1, 2])).toBe('patch 1,2');
  });

  test('keeps prefix and patches apart, however many there are of each', () => {
    const values = [9, 8, 7, 1, 2, 3, 4, 5, 6];
    const patches = patchValues(GRID, values);
    expect(patches.shape).toEqual([2, 3]);
    expect(patches.get(1, 0)).toBe(4);
    expect(prefixValues(GRID, values)).toEqual({ class: 9, 'register 0': 8, 'register 1': 7 });
    expect(() => patchValues(GRID, values.slice(1))).toThrow(ShapeError);
  });

  test.each([['distillation'], [[2, 0]], [[0, 3]], [[0.5, 0]], [[-1, 0]]] as const)('refuses %j', (token) => {
    expect(() => tokenIndex(GRID, token as string)).toThrow(ArgumentError);
  });
});
