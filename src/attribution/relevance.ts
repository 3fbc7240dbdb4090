import { ShapeError } from '../errors.ts';
import { allHeads, headOf, rowThrough } from './heads.ts';
import type { HeadMatrices } from './heads.ts';
import { discarded, normalisedWithIdentity } from './rollout.ts';
import type { Discard } from './rollout.ts';

/** Attention weights of one layer and, of the same shape, the gradient of a class's logit with respect to them. */
export interface WeightsAndGradients {
  readonly weights: HeadMatrices;
  readonly gradients: HeadMatrices;
}

/**
 * One layer's step of generic relevance (Chefer, Gur & Wolf 2021, eqs. 5 and 6): I + E_h[(∇A ⊙ A)⁺]. Not normalised.
 * [N, N]
 */
export function relevanceStep(layer: WeightsAndGradients): Float32Array {
  const step = positiveShares(layer);
  const N = layer.weights.numTokens;
  for (let i = 0; i < N; i += 1) step[i * N + i]! += 1;
  return step;
}

/** E_h[(∇A ⊙ A)⁺]: what is positive of each head, then the mean over all heads, or those given. [N, N] */
export function positiveShares(layer: WeightsAndGradients, heads?: readonly number[]): Float32Array {
  return meanProduct(layer, (x) => Math.max(0, x), heads);
}

/**
 * One layer's step of gradient rollout: the mean over heads of A ⊙ ∇A, then what is positive of it, plus the identity,
 * each row divided by its own sum. [N, N]
 */
export function gradientRolloutStep(layer: WeightsAndGradients, discard?: Discard): Float32Array {
  const fused = meanProduct(layer, (x) => x).map((x) => Math.max(0, x));
  const N = layer.weights.numTokens;
  return normalisedWithIdentity(discarded(fused, N, discard), N);
}

/**
 * Grad-CAM with the heads of a layer as its channels: (E_h[ḡ_h · A_h])⁺ of the row of a sum of tokens [N], where ḡ_h is
 * the mean of that row's gradient over the patches, which are all tokens from `numPrefix` on. → [N]
 */
export function attentionCam(
  layer: WeightsAndGradients,
  tokens: ArrayLike<number>,
  numPrefix: number,
  heads: readonly number[] = allHeads(layer.weights),
): Float64Array {
  const sum = new Float64Array(tokens.length);
  for (const head of heads) {
    const gradient = rowThrough(tokens, headOf(layer.gradients, head)).subarray(numPrefix);
    const mean = gradient.reduce((total, value) => total + value, 0) / gradient.length;
    const row = rowThrough(tokens, headOf(layer.weights, head));
    for (let k = 0; k < sum.length; k += 1) sum[k]! += (mean * row[k]!) / heads.length;
  }
  return sum.map((value) => Math.max(0, value));
}

function meanProduct(
  { weights, gradients }: WeightsAndGradients,
  map: (product: number) => number,
  heads: readonly number[] = allHeads(weights),
): Float32Array {
  if (weights.data.length !== gradients.data.length) {
    throw new ShapeError(`gradients: expected ${weights.data.length} values, got ${gradients.data.length}`);
  }
  const mean = new Float32Array(weights.numTokens ** 2);
  for (const head of heads) {
    const [A, G] = [headOf(weights, head), headOf(gradients, head)];
    for (let i = 0; i < mean.length; i += 1) mean[i]! += map(A[i]! * G[i]!) / heads.length;
  }
  return mean;
}
