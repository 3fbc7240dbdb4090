import type { Tensor } from '@tensorflow/tfjs-core';

import type { HeadMatrices } from '../../attribution/heads.ts';

/** [B, H, N, N] → each image's [H, N, N]. */
export function matricesOf({ shape }: Tensor, values: Float32Array): HeadMatrices[] {
  const [B = 0, numHeads = 0, numTokens = 0] = shape;
  const size = numHeads * numTokens ** 2;
  return Array.from({ length: B }, (_, i) => ({
    numHeads,
    numTokens,
    data: values.subarray(i * size, (i + 1) * size),
  }));
}

/** [B, …] → each image's values. */
export function imagesOf({ shape }: Tensor, values: Float32Array): Float32Array[] {
  const B = shape[0] ?? 0;
  const size = values.length / B;
  return Array.from({ length: B }, (_, i) => values.subarray(i * size, (i + 1) * size));
}
