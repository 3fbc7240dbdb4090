import type { Rank, Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { add, matMul, mul, reshape, softmax, tidy, transpose } from '../tfjs.ts';

export interface AttentionAttrs {
  readonly numHeads: number;
  readonly scale: number;
  readonly hasMask: boolean;
  readonly returnWeights: boolean;
}

/** softmax(QKᵀ·scale + mask): [B, H, Nq, Nk]. */
export function weightsOf(
  [q, k, mask]: readonly (Tensor | undefined)[],
  { numHeads, scale }: Pick<AttentionAttrs, 'numHeads' | 'scale'>,
): Tensor {
  return tidy(() => {
    const scores = mul(scoresOf(q!, k!, numHeads), scale);
    return softmax(mask === undefined ? scores : add(scores, mask), -1);
  });
}

/** QKᵀ of each head, before scale and mask: [B, Nq, D], [B, Nk, D] → [B, H, Nq, Nk]. */
export function scoresOf(q: Tensor, k: Tensor, numHeads: number): Tensor4D {
  return tidy(() => matMul(splitHeads(q, numHeads), splitHeads(k, numHeads), false, true));
}

/** [B, N, H·Dh] → [B, H, N, Dh]. */
export function splitHeads(x: Tensor, numHeads: number): Tensor4D {
  const [B = 0, N = 0, D = 0] = x.shape;
  return tidy(() => transpose(reshape<Rank.R4>(x, [B, N, numHeads, D / numHeads]), [0, 2, 1, 3]));
}

/** [B, H, N, Dh] → [B, N, H·Dh]. */
export function mergeHeads(x: Tensor): Tensor3D {
  const [B = 0, H = 0, N = 0, Dh = 0] = x.shape;
  return tidy(() => reshape<Rank.R3>(transpose(x, [0, 2, 1, 3]), [B, N, H * Dh]));
}
