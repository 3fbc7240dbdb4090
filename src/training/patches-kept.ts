import type { Rank, Tensor1D, Tensor3D } from '@tensorflow/tfjs-core';

import { gatherRows } from '../tensor/ops/gather-rows.ts';
import { reshape, tidy } from '../tensor/tfjs.ts';

/**
 * What is known of all patches [B, N, C] → of those that a pass has kept [B, n, C].
 *
 * @param rows which of all patches of the batch they are, int32 [B·n].
 */
export function patchesKept(patches: Tensor3D, rows: Tensor1D): Tensor3D {
  const [B, N, C] = patches.shape;
  return tidy(() => {
    const all = reshape<Rank.R2>(patches, [B * N, C]);
    return reshape(gatherRows(all, rows), [B, rows.size / B, C]);
  });
}
