import {
  broadcastTo,
  concat,
  mean,
  pad,
  slice,
  split,
  sum,
  tensor,
  tidy,
  tile,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Rank, Tensor } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { describeBackends } from '../support/backends.ts';

// Distinct primes, so that no two axes can be taken for one another; large enough for several tasks of a kernel.
const [A, B, C, D] = [2, 3, 37, 53];
const EXACT = { atol: 1e-5, rtol: 1e-5 };

/** Elements that name their index, by the definition of each operation. */
type At = (index: readonly number[]) => number;

const x: At = (index) => index.reduce((code, i, axis) => code + (i + 1) / 7 ** axis, 0);

describeBackends('operations that move values about', () => {
  const shape = [A, B, C, D];
  const cases: readonly (readonly [name: string, run: (x: Tensor) => Tensor, expected: readonly number[], at: At])[] = [
    ['transpose of matrices', (t) => transpose(t, [0, 1, 3, 2]), [A, B, D, C], ([a, b, d, c]) => x([a!, b!, c!, d!])],
    ['transpose of rows', (t) => transpose(t, [0, 2, 1, 3]), [A, C, B, D], ([a, c, b, d]) => x([a!, b!, c!, d!])],
    ['transpose of all axes', (t) => transpose(t, [3, 1, 0, 2]), [D, B, A, C], ([d, b, a, c]) => x([a!, b!, c!, d!])],
    [
      'slice',
      (t) => slice(t, [0, 1, 5, 7], [-1, 2, 11, 13]),
      [A, 2, 11, 13],
      ([a, b, c, d]) => x([a!, b! + 1, c! + 5, d! + 7]),
    ],
    ['slice in one piece', (t) => slice(t, [1, 1], [1, 2]), [1, 2, C, D], ([, b, c, d]) => x([1, b! + 1, c!, d!])],
    [
      'the second part of a split',
      (t) => split(t, [5, 32], 2)[1]!,
      [A, B, 32, D],
      ([a, b, c, d]) => x([a!, b!, c! + 5, d!]),
    ],
    [
      'concat',
      (t) => concat([slice(t, [0, 0, 0, 0], [-1, -1, 1, -1]), t], 2),
      [A, B, C + 1, D],
      ([a, b, c, d]) => x([a!, b!, Math.max(0, c! - 1), d!]),
    ],
    ['concat of the last axis', (t) => concat([t, t], 3), [A, B, C, 2 * D], ([a, b, c, d]) => x([a!, b!, c!, d! % D])],
    [
      'pad',
      (t) =>
        pad(
          t,
          [
            [0, 1],
            [2, 0],
            [0, 0],
            [1, 3],
          ],
          -5,
        ),
      [A + 1, B + 2, C, D + 4],
      ([a, b, c, d]) => (a! < A && b! >= 2 && d! >= 1 && d! <= D ? x([a!, b! - 2, c!, d! - 1]) : -5),
    ],
    ['tile', (t) => tile(t, [1, 2, 1, 3]), [A, 2 * B, C, 3 * D], ([a, b, c, d]) => x([a!, b! % B, c!, d! % D])],
    [
      'broadcastTo',
      (t) => broadcastTo<Rank.R4>(slice(t, [0, 2, 0, 0], [-1, 1, -1, -1]), [A, B, C, D]),
      shape,
      ([a, , c, d]) => x([a!, 2, c!, d!]),
    ],
  ];

  test.each(cases)('%s', (_, run, expectedShape, at) => {
    const y = tidy(() => run(filled(shape, x)));
    expect(y.shape).toEqual(expectedShape);
    expect(y.dataSync()).toBeCloseToArray(values(expectedShape, at), EXACT);
    y.dispose();
  });

  test('an empty part of a split or a concat', () => {
    const y = tidy(() => concat(split(filled([3, 5], x), [0, 5], 1), 1));
    expect(y.dataSync()).toBeCloseToArray(values([3, 5], x), EXACT);
    y.dispose();
  });
});

describeBackends('sums and means', () => {
  const shape = [A, B, C, D];
  test.each([[0], [3], [1, 2], [0, 1], [2, 3], [0, 2], [0, 1, 2, 3]])('over axes %#', (...axes) => {
    const y = tidy(() => ({ sum: sum(filled(shape, x), axes), mean: mean(filled(shape, x), axes, true) }));
    const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const totals = new Float64Array(kept.reduce((product, size) => product * size, 1));
    forEachIndex(shape, (index) => {
      const place = kept.reduce((at, size, axis) => at * size + (size === 1 ? 0 : index[axis]!), 0);
      totals[place]! += x(index);
    });
    const count = shape.reduce((product, size) => product * size, 1) / totals.length;
    expect(y.sum.shape).toEqual(shape.filter((_, axis) => !axes.includes(axis)));
    expect(y.mean.shape).toEqual(kept);
    expect(y.sum.dataSync()).toBeCloseToArray(totals, EXACT);
    expect(y.mean.dataSync()).toBeCloseToArray(
      totals.map((total) => total / count),
      EXACT,
    );
    y.sum.dispose();
    y.mean.dispose();
  });

  test('a sum with NaN or infinity is that', () => {
    const y = tidy(() => [
      ...sum(tensor([1, Number.NaN, 3, Number.POSITIVE_INFINITY, 5, 6], [3, 2]), 0).dataSync(),
      ...sum(tensor([1, Number.NaN, 3, Number.POSITIVE_INFINITY, 5, 6], [2, 3]), 1).dataSync(),
    ]);
    expect(y).toEqual([9, Number.NaN, Number.NaN, Number.POSITIVE_INFINITY]);
  });
});

function filled(shape: readonly number[], at: At): Tensor {
  return tensor(values(shape, at), [...shape]);
}

function values(shape: readonly number[], at: At): Float32Array {
  const result: number[] = [];
  forEachIndex(shape, (index) => result.push(at(index)));
  return Float32Array.from(result);
}

function forEachIndex(shape: readonly number[], visit: (index: readonly number[]) => void): void {
  const size = shape.reduce((product, length) => product * length, 1);
  for (let i = 0; i < size; i += 1) {
    let rest = i;
    const index = shape.toReversed().map((length) => {
      const own = rest % length;
      rest = Math.floor(rest / length);
      return own;
    });
    visit(index.toReversed());
  }
}
