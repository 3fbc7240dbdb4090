import type { Rank, Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { add, matMul, mul, reshape, softmax, sum, tanh, tidy } from '../tensor/tfjs.ts';
import { dims } from '../tensor/dims.ts';
import { mergeHeads, splitHeads } from '../tensor/ops/attention.ts';

export interface AdditiveAttentionOptions {
  /** v of each head [H, Dh]. */
  readonly score: Tensor;
  /** As for `attention`. */
  readonly mask?: Tensor4D | undefined;
}

/**
 * Attention by v·tanh(q + k) in place of q·k (Bahdanau et al. 2015, appendix A.1.2, where q = W_q s and k = W_k h):
 * query [B, Nq, D], key [B, Nk, D], value [B, Nk, Dv] → output [B, Nq, Dv], weights [B, H, Nq, Nk]. Holds the B·Nq·Nk·D
 * values of the tanh at once.
 *
 * @throws ShapeError when shapes do not fit together.
 */
export function additiveAttention(
  query: Tensor3D,
  key: Tensor3D,
  value: Tensor3D,
  { score, mask }: AdditiveAttentionOptions,
): { output: Tensor3D; weights: Tensor4D } {
  const { B, N: Nq, D } = dims('additive attention query', query, 'B N D');
  const { N: Nk } = dims('additive attention key', key, 'B N D', { B, D });
  dims('additive attention value', value, 'B N Dv', { B, N: Nk });
  const { H } = dims('additive attention score', score, 'H Dh');
  const { Dh } = dims('additive attention score', score, 'H Dh', { Dh: D / H });
  return tidy(() => {
    const q = reshape(splitHeads(query, H), [B * H, Nq, 1, Dh]);
    const k = reshape(splitHeads(key, H), [B * H, 1, Nk, Dh]);
    const activated = reshape<Rank.R4>(tanh(add(q, k)), [B, H, Nq * Nk, Dh]);
    const scores = reshape<Rank.R4>(sum(mul(activated, reshape(score, [H, 1, Dh])), -1), [B, H, Nq, Nk]);
    const weights = softmax(mask === undefined ? scores : add<Tensor4D>(scores, mask));
    return { output: mergeHeads(matMul(weights, splitHeads(value, H))), weights };
  });
}
