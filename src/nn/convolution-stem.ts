import type { Rank, Tensor3D } from '@tensorflow/tfjs-core';

import { reshape, tidy, transpose } from '../tensor/tfjs.ts';
import { blocksOf } from './blocks.ts';
import type { Grid } from './blocks.ts';
import { project } from './linear.ts';
import type { LinearParams } from './linear.ts';

export interface StemOptions {
  readonly grid: Grid;
  /** Pixels along a patch's side, before the stem. */
  readonly patchSize: number;
}

/**
 * 3×3 convolutions of stride 2, each with a ReLU and zeros beyond the border, over the image that the patches make: patches
 * [B, N, P·P·C] → patches of the features [B, N, p·p·C′] with p = P / 2ⁿ (Xiao et al. 2021, without the batch norms).
 * Each is im2col and one `linear`, because tfjs-wasm has no gradient of conv2d for its filter.
 */
export function convolutionStem(patches: Tensor3D, params: readonly LinearParams[], options: StemOptions): Tensor3D {
  return tidy(() => {
    const { grid, patchSize } = options;
    let size = patchSize;
    let pixels = pixelsOf(patches, grid, size); // [B, H·W, C]
    for (const convolution of params) {
      const extent = { Gh: grid.Gh * size, Gw: grid.Gw * size };
      const numPixels = (extent.Gh * extent.Gw) / 4;
      const columns = blocksOf(pixels, extent, STRIDE_2, STRIDE_2); // [B·H/2·W/2, 9, C]
      const flat = reshape<Rank.R3>(columns, [-1, numPixels, 9 * pixels.shape[2]]);
      pixels = project(flat, convolution, { activation: 'relu' });
      size /= 2;
    }
    return patchesOf(pixels, grid, size);
  });
}

/** Three pixels from the last of the stretch before: kernel 3, stride 2, padding 1. */
const STRIDE_2 = { size: 2, before: 1, after: 0 };

/** [B, Gh·Gw, P·P·C] → [B, Gh·P·Gw·P, C]. */
function pixelsOf(patches: Tensor3D, { Gh, Gw }: Grid, P: number): Tensor3D {
  const [B, , values] = patches.shape;
  const C = values / (P * P);
  const rows = transpose(reshape<Rank.R4>(patches, [B * Gh, Gw, P, P * C]), [0, 2, 1, 3]);
  return reshape<Rank.R3>(rows, [B, Gh * P * Gw * P, C]);
}

/** [B, Gh·P·Gw·P, C] → [B, Gh·Gw, P·P·C]. */
function patchesOf(pixels: Tensor3D, { Gh, Gw }: Grid, P: number): Tensor3D {
  const [B, , C] = pixels.shape;
  const rows = transpose(reshape<Rank.R4>(pixels, [B * Gh, P, Gw, P * C]), [0, 2, 1, 3]);
  return reshape<Rank.R3>(rows, [B, Gh * Gw, P * P * C]);
}
