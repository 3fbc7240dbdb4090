import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import { eye, pad, reshape, slice, tensor2d, tidy, tile, zeros } from '../tensor/tfjs.ts';
import { dims } from '../tensor/dims.ts';
import { quadraticPositions } from './relative-positions.ts';
import { selfAttention } from './self-attention.ts';
import type { SelfAttentionParams } from './self-attention.ts';

/** −α of the quadratic encoding: the weight of a neighbour of the pixel that a head looks at is e^−α. */
const SHARPNESS = 40;

/**
 * A convolution computed by self-attention over pixels (Cordonnier et al. 2020, theorem 1): x [B, H, W, C], kernel
 * [K, K, C, out] with K odd → [B, H, W, out]. Each of K² heads looks at one offset by its quadratic relative position, its
 * values are the pixels, and Wᴼ holds the kernel. A border of tokens that are zero stands for the padding.
 *
 * @throws ShapeError when the channels differ.
 */
export function attentionConvolution(x: Tensor4D, kernel: Tensor4D): Tensor4D {
  const { B, H, W, C } = dims('attention convolution x', x, 'B H W C');
  const { K, out } = dims('attention convolution kernel', kernel, 'K K C out', { C });
  const radius = Math.floor(K / 2);
  const grid = { Gh: H + 2 * radius, Gw: W + 2 * radius };
  return tidy(() => {
    const border: [number, number] = [radius, radius];
    const tokens = reshape<Rank.R3>(pad(x, [[0, 0], border, border, [0, 0]]), [B, grid.Gh * grid.Gw, C]);
    const attended = selfAttention(tokens, convolutionParams(kernel), {
      numHeads: K * K,
      epsilon: 0,
      form: { relative: quadraticPositions(grid, 0) },
    });
    const padded = reshape<Rank.R4>(attended, [B, grid.Gh, grid.Gw, out]);
    return slice(padded, [0, radius, radius, 0], [B, H, W, out]);
  });
}

/** Queries and keys are zero, so that positions alone decide. */
function convolutionParams(kernel: Tensor4D): SelfAttentionParams {
  const [K, , C, out] = kernel.shape;
  const numHeads = K * K;
  const nothing = { kernel: zeros([C, numHeads]) };
  return {
    query: nothing,
    key: nothing,
    value: { kernel: tile(eye(C), [1, numHeads]) },
    relative: offsetParams(K),
    output: { kernel: reshape(kernel, [numHeads * C, out]) },
  };
}

/** α·(−1, 2Δ_row, 2Δ_column) for the offset Δ of each head: [3, K²]. */
function offsetParams(K: number): Tensor {
  const radius = Math.floor(K / 2);
  const heads = Array.from({ length: K * K }, (_, head) => head);
  return tensor2d([
    heads.map(() => -SHARPNESS),
    heads.map((head) => 2 * SHARPNESS * (Math.floor(head / K) - radius)),
    heads.map((head) => 2 * SHARPNESS * ((head % K) - radius)),
  ]);
}
