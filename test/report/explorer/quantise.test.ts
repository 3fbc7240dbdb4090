import { describe, expect, test } from 'vitest';

import {
  columnOf,
  emptyAttention,
  errorAt,
  errorOf,
  quantiseLayer,
  rowOf,
} from '../../../src/report/explorer/quantise.ts';

const grid = { Gh: 2, Gw: 3, prefix: ['class', 'register 0'] };
const N = 8;
const numHeads = 3;
const layers = [4, 7];
/** Sums and products of float32 numbers below one. */
const ROUNDING = 2e-7;

/** Softmax rows, of which every third gives nearly all to the class token, as trained networks do. */
function layerOf(seed: number): Float32Array {
  const weights = new Float32Array(numHeads * N * N);
  for (let row = 0; row < numHeads * N; row += 1) {
    const scores = Array.from({ length: N }, (_, k) => 3 * Math.sin(seed + row * N + k * k));
    if (row % 3 === 0) scores[0] = 12;
    const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
    weights.set(
      scores.map((score) => Math.exp(score) / sum),
      row * N,
    );
  }
  return weights;
}

describe('quantised attention', () => {
  const given = layers.map((_, i) => layerOf(i));
  const attention = emptyAttention(grid, layers, numHeads);
  for (const [place, weights] of given.entries()) quantiseLayer(attention, grid, place, weights);
  const exact = (layer: number, head: number, query: number, key: number): number =>
    given[layer]![(head * N + query) * N + key]!;

  test('keeps weights of prefix tokens exactly, and of patches within the error that it states', () => {
    for (const layer of layers.keys()) {
      for (let head = 0; head < numHeads; head += 1) {
        for (let query = 0; query < N; query += 1) {
          const row = rowOf(attention, grid, { layer, head }, query);
          const error = errorOf(attention, grid, { layer, head }, query);
          const patches = Array.from({ length: 6 }, (_, i) => exact(layer, head, query, i + 2));
          expect(error).toBeCloseTo(Math.max(...patches) / 255, 9);
          expect(errorAt(attention, grid, { layer, head }, { query, key: 1 })).toBe(0);
          expect(Array.from(row.subarray(0, 2))).toEqual([exact(layer, head, query, 0), exact(layer, head, query, 1)]);
          for (const [i, weight] of patches.entries()) {
            const own = errorAt(attention, grid, { layer, head }, { query, key: i + 2 });
            expect(Math.abs(row[i + 2]! - weight)).toBeLessThanOrEqual(own + ROUNDING);
            expect(own).toBeLessThanOrEqual(error + ROUNDING);
          }
        }
      }
    }
  });

  test('is within the mean of the errors for the mean of heads', () => {
    const place = { layer: 1, head: 'mean' } as const;
    for (let query = 0; query < N; query += 1) {
      const row = rowOf(attention, grid, place, query);
      const error = errorOf(attention, grid, place, query);
      for (let key = 0; key < N; key += 1) {
        const mean = [0, 1, 2].reduce((sum, head) => sum + exact(1, head, query, key) / numHeads, 0);
        expect(Math.abs(row[key]! - mean)).toBeLessThanOrEqual(error + ROUNDING);
      }
    }
  });

  test('a column holds what the rows hold for its key', () => {
    for (const head of [0, 2, 'mean'] as const) {
      for (const key of [0, 1, 5]) {
        const rows = Array.from({ length: N }, (_, query) => rowOf(attention, grid, { layer: 0, head }, query)[key]!);
        expect(columnOf(attention, grid, { layer: 0, head }, key)).toBeCloseToArray(rows, { atol: ROUNDING });
      }
    }
  });

  test('tells small weights apart beside one that is a thousandfold', () => {
    const one = emptyAttention({ Gh: 1, Gw: 4, prefix: [] }, [0], 1);
    const weights = Float32Array.of(0.99, 0.001, 0.0012, 0.0014);
    quantiseLayer(
      one,
      { Gh: 1, Gw: 4, prefix: [] },
      0,
      Float32Array.from({ length: 16 }, (_, i) => weights[i % 4]!),
    );
    const [, ...small] = rowOf(one, { Gh: 1, Gw: 4, prefix: [] }, { layer: 0, head: 0 }, 2);
    // Even steps of the weight would be 0.0039.
    for (const [i, weight] of small.entries()) expect(Math.abs(weight - weights[i + 1]!)).toBeLessThan(1.5e-4);
    expect(new Set(small).size).toBe(3);
  });

  test('a row whose patches are all zero stays so', () => {
    const zero = emptyAttention(grid, [0], 1);
    const weights = new Float32Array(N * N);
    for (let query = 0; query < N; query += 1) weights[query * N] = 1;
    quantiseLayer(zero, grid, 0, weights);
    expect(Array.from(rowOf(zero, grid, { layer: 0, head: 0 }, 3))).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    expect(errorOf(zero, grid, { layer: 0, head: 0 }, 3)).toBe(0);
  });

  test('refuses weights of another size', () => {
    expect(() => quantiseLayer(attention, grid, 0, new Float32Array(5))).toThrow(
      'attention: expected 192 values, got 5',
    );
  });
});
