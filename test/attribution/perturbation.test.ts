import { describe, expect, test } from 'vitest';

import {
  areaUnder,
  centreOrder,
  descendingOrder,
  removedCells,
  stepCounts,
} from '../../src/attribution/perturbation.ts';
import { RiseAverage, riseMask } from '../../src/attribution/rise.ts';
import { ArgumentError } from '../../src/errors.ts';
import { randomOf } from '../../src/metrics/random.ts';

describe('deletion and insertion', () => {
  test('go from the greatest value to the least', () => {
    expect([...descendingOrder([1, 3, 2, 3])]).toEqual([1, 3, 2, 0]);
    expect([...descendingOrder([1, 3, 2, 3], [0, 3, 2, 1])]).toEqual([3, 1, 2, 0]);
    expect([...removedCells('deletion', Int32Array.of(1, 3, 2, 0), 2)]).toEqual([0, 1, 0, 1]);
    expect([...removedCells('insertion', Int32Array.of(1, 3, 2, 0), 2)]).toEqual([1, 0, 1, 0]);
  });

  test('what an order leaves after some cells is what its reverse shows of the rest', () => {
    const order = Int32Array.of(1, 3, 2, 0, 4);
    for (const count of [0, 2, 5]) {
      expect(removedCells('deletion', order, count)).toEqual(
        removedCells('insertion', order.toReversed(), order.length - count),
      );
    }
  });

  test('the centre comes first, also on a grid that is no square', () => {
    expect([...centreOrder({ Gh: 3, Gw: 3 })].slice(0, 5)).toEqual([4, 1, 3, 5, 7]);
    expect([...centreOrder({ Gh: 1, Gw: 5 })]).toEqual([2, 1, 3, 0, 4]);
  });

  test('steps reach from none to all', () => {
    expect(stepCounts(10, 4)).toEqual([0, 3, 5, 8, 10]);
  });

  test('the area of a straight line is half', () => {
    expect(areaUnder([1, 0.5, 0])).toBe(0.5);
    expect(areaUnder([1, 1])).toBe(1);
  });
});

describe('RISE', () => {
  const options = { count: 1, cells: 3, shown: 0.5 };

  test('masks are the same for the same seed, lie between 0 and 1, and show their share', () => {
    const masks = (seed: number) => {
      const random = randomOf(seed);
      return Array.from({ length: 300 }, () => riseMask(random, 12, 16, options));
    };
    expect(masks(5)[7]).toEqual(masks(5)[7]);
    expect(masks(5)[7]).not.toEqual(masks(6)[7]);
    const values = masks(5).flatMap((mask) => Array.from(mask));
    expect(Math.min(...values.slice(0, 5000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values.slice(0, 5000))).toBeLessThanOrEqual(1);
    expect(values.reduce((a, b) => a + b) / values.length).toBeCloseTo(0.5, 1);
  });

  test('finds the place that a score depends on', () => {
    const random = randomOf(3);
    const average = new RiseAverage(12 * 16);
    for (let i = 0; i < 500; i += 1) {
      const mask = riseMask(random, 12, 16, options);
      average.add(mask, mask[4 * 16 + 11]!);
    }
    const values = average.values(0.5);
    expect(values.indexOf(Math.max(...values))).toBe(4 * 16 + 11);
  });

  test('options outside their range are refused', () => {
    for (const wrong of [{ count: 0 }, { cells: 0 }, { shown: 0 }, { shown: 1 }]) {
      expect(() => riseMask(randomOf(1), 8, 8, { ...options, ...wrong })).toThrow(ArgumentError);
    }
  });
});
