import { profile, randomNormal, tensor3d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor3D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { ArgumentError } from '../../src/errors.ts';
import { linearAttention } from '../../src/tensor/ops/linear-attention.ts';
import { describeBackends } from '../support/backends.ts';
import { dot, expectAgreement, headOf, heads, randomInput, weighted } from '../support/reference.ts';
import type { Input, Matrix } from '../support/reference.ts';

const feature = (row: readonly number[]): number[] => row.map((x) => (x > 0 ? x + 1 : Math.exp(x)));

/** Each query's own sum over the keys that it sees: O(N²), nothing carried along. */
function byDefinition(q: Input, k: Input, v: Input, numHeads: number, causal: boolean): number[] {
  return heads(q.shape[0]!, numHeads, (b, h): Matrix => {
    const [queries, keys, values] = [q, k, v].map((x) => headOf(x, b, h, numHeads)) as [Matrix, Matrix, Matrix];
    return queries.map((query, i) => {
      const similarities = keys.map((key, j) => (causal && j > i ? 0 : dot(feature(query), feature(key))));
      const total = similarities.reduce((sum, value) => sum + value, 1e-6);
      return weighted(similarities, values).map((value) => value / total);
    });
  });
}

describeBackends('linear attention', () => {
  test('a case by hand: φ(0) = 1, φ(1) = 2, φ(ln ½) = ½', () => {
    const [all, causal] = tidy(() => {
      const q = tensor3d([[[0], [1]]]);
      const k = tensor3d([[[1], [-Math.LN2]]]);
      const v = tensor3d([[[1], [6]]]);
      return [false, true].map((isCausal) => linearAttention(q, k, v, { numHeads: 1, causal: isCausal }).dataSync());
    });
    // (2·1 + ½·6) / (2 + ½) = 2, whatever the query, since one feature cancels.
    expect(all).toBeCloseToArray([2, 2], { atol: 1e-5 });
    expect(causal).toBeCloseToArray([1, 2], { atol: 1e-5 });
  });

  test.each([
    ['non-causal', false, 7, 5],
    ['causal, one chunk', true, 7, 7],
  ])('%s: values and gradients agree with float64', (_name, causal, Nq, Nk) => {
    expectAgreement({
      inputs: { q: randomInput([2, Nq, 6], 1, 2), k: randomInput([2, Nk, 6], 2, 2), v: randomInput([2, Nk, 4], 3) },
      run: ({ q, k, v }) => linearAttention(q as Tensor3D, k as Tensor3D, v as Tensor3D, { numHeads: 2, causal }),
      reference: ({ q, k, v }) => byDefinition(q, k, v, 2, causal),
    });
  });

  test('causal over chunks, the last one short: values and gradients agree with float64', () => {
    expectAgreement({
      inputs: { q: randomInput([1, 131, 2], 4), k: randomInput([1, 131, 2], 5), v: randomInput([1, 131, 1], 6) },
      run: ({ q, k, v }) => linearAttention(q as Tensor3D, k as Tensor3D, v as Tensor3D, { numHeads: 1, causal: true }),
      reference: ({ q, k, v }) => byDefinition(q, k, v, 1, true),
    });
  });

  test.each([false, true])('memory grows with the sequence and not with its square, causal: %s', async (causal) => {
    const peakOf = async (N: number): Promise<number> => {
      const x = randomNormal([1, N, 8], 0, 1, 'float32', 1) as Tensor3D;
      const { peakBytes } = await profile(() => tidy(() => void linearAttention(x, x, x, { numHeads: 1, causal })));
      x.dispose();
      return peakBytes;
    };
    const [once, twice] = [await peakOf(1024), await peakOf(2048)];
    expect(twice / once).toBeLessThan(2.1);
  });

  test('widths that the heads do not divide are named', () => {
    expect(() =>
      tidy(() => {
        const x = randomNormal([1, 2, 5]) as Tensor3D;
        return linearAttention(x, x, x, { numHeads: 2, causal: false });
      }),
    ).toThrow(new ArgumentError('linear attention numHeads: expected a divisor of 5 and 5, got 2'));
  });
});
