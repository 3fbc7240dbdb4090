import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { add, concat, div, matMul, ones, slice, tidy } from '../tensor/tfjs.ts';
import { mergeHeads, splitHeads } from '../tensor/ops/attention.ts';
import { featureMap, LINEAR_ATTENTION_EPSILON } from '../tensor/ops/linear-attention.ts';

/** One token of a sequence: [B, 1, D] each. */
export interface RecurrentInput {
  readonly query: Tensor3D;
  readonly key: Tensor3D;
  readonly value: Tensor3D;
  readonly numHeads: number;
}

/**
 * Causal linear attention as the recurrent network that it is (Katharopoulos et al. 2020, eqs. 16–20): from the state so
 * far, Σ φ(k)·[v, 1]ᵀ [B, H, Dh, Dvh + 1], and the next token to its output [B, 1, Dv] and the next state. The state has
 * one size however long the sequence. The caller owns both.
 */
export function recurrentAttention(
  state: Tensor4D | undefined,
  { query, key, value, numHeads }: RecurrentInput,
): { output: Tensor3D; state: Tensor4D } {
  return tidy(() => {
    const [q, k] = [featureMap(splitHeads(query, numHeads)), featureMap(splitHeads(key, numHeads))]; // [B, H, 1, Dh]
    const v = splitHeads(value, numHeads);
    const [B, H, , width] = v.shape;
    const update = matMul<Tensor4D>(k, concat([v, ones<typeof v.rankType>([B, H, 1, 1])], 3), true, false);
    const next = state === undefined ? update : add<Tensor4D>(state, update);
    const sums = matMul(q, next); // [B, H, 1, Dvh + 1]
    const numerator = slice(sums, [0, 0, 0, 0], [-1, -1, -1, width]);
    const denominator = add<Tensor4D>(slice(sums, [0, 0, 0, width], [-1, -1, -1, 1]), LINEAR_ATTENTION_EPSILON);
    return { output: mergeHeads(div(numerator, denominator)), state: next };
  });
}
