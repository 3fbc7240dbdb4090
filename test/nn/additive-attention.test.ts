// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { tensor2d, tensor3d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor3D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { additiveAttention } from '../../src/nn/additive-attention.ts';
import { attentionMask, causal } from '../../src/nn/masks.ts';
import { describeBackends } from '../support/backends.ts';
import { attend, expectAgreement, headOf, heads, randomInput } from '../support/reference.ts';

describeBackends('additive attention', () => {
  test('a case by hand: scores 2·tanh(0) and 2·tanh(ln 2) = 1.2 of one query', () => {
    const [weights, output] = tidy(() => {
      const attended = additiveAttention(tensor3d([[[0]]]), tensor3d([[[0], [Math.LN2]]]), tensor3d([[[1], [0]]]), {
        score: tensor2d([[2]]),
      });
      return [attended.weights.dataSync(), attended.output.dataSync()];
    });
    const first = 1 / (1 + Math.exp(1.2));
    expect(weights).toBeCloseToArray([first, 1 - first], { atol: 1e-6 });
    expect(output).toBeCloseToArray([first], { atol: 1e-6 });
  });

  test('two heads of two sequences, causal: values and gradients agree with float64', () => {
    expectAgreement({
      inputs: {
        q: randomInput([2, 5, 6], 1),
        k: randomInput([2, 5, 6], 2),
        v: randomInput([2, 5, 4], 3),
        score: randomInput([2, 3], 4),
      },
      run: ({ q, k, v, score }) =>
        additiveAttention(q as Tensor3D, k as Tensor3D, v as Tensor3D, {
          score,
          mask: attentionMask({ numQueries: 5, numKeys: 5 }, causal()),
        }).output,
      reference: ({ q, k, v, score }) =>
        heads(2, 2, (b, h) =>
          attend(
            [headOf(q, b, h, 2), headOf(k, b, h, 2), headOf(v, b, h, 2)],
            (query, key) =>
              query.reduce((total, value, d) => total + score.data[h * 3 + d]! * Math.tanh(value + key[d]!), 0),
            (i, j) => j <= i,
          ),
        ),
    });
  });
});
