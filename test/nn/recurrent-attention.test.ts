import { dispose, slice, tidy } from '@tensorflow/tfjs-core';
import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { recurrentAttention } from '../../src/nn/recurrent-attention.ts';
import { linearAttention } from '../../src/tensor/ops/linear-attention.ts';
import { describeBackends } from '../support/backends.ts';
import { randomInput, tensorOf } from '../support/reference.ts';

describeBackends('causal linear attention is a recurrent network', () => {
  test('token by token it gives what the whole sequence gives at once', () => {
    const [B, N, D] = [2, 150, 6];
    const [query, key, value] = [1, 2, 3].map((seed) => tensorOf(randomInput([B, N, D], seed, 2))) as [
      Tensor3D,
      Tensor3D,
      Tensor3D,
    ];
    const whole = tidy(() => linearAttention(query, key, value, { numHeads: 2, causal: true }).arraySync());

    let state: Tensor4D | undefined;
    for (let n = 0; n < N; n += 1) {
      const previous = state;
      const step = tidy(() => {
        const [q, k, v] = [query, key, value].map((x) => slice(x, [0, n, 0], [B, 1, D]));
        return recurrentAttention(previous, { query: q!, key: k!, value: v!, numHeads: 2 });
      });
      const token = step.output.dataSync();
      expect(token, `token ${n}`).toBeCloseToArray(
        whole.flatMap((sequence) => sequence[n]!),
        { atol: 1e-5 },
      );
      dispose([step.output, ...(previous === undefined ? [] : [previous])]);
      ({ state } = step);
      expect(state.shape).toEqual([B, 2, D / 2, D / 2 + 1]);
    }
    dispose([query, key, value, state!]);
  });
});
