import type { Rank, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

import { reshape, tensor1d, tensor2d, tidy, transpose } from '../tensor/tfjs.ts';
import { gatherRows } from '../tensor/ops/gather-rows.ts';
import { linear } from '../tensor/ops/linear.ts';
import type { Grid } from './blocks.ts';

/** Which row of a table of offsets belongs to each pair of tokens of a grid. */
export interface RelativePositions {
  /** int32 [N·N]: key within query. */
  readonly indices: Tensor1D;
  /** [offsets, 3] of (‖δ‖², δ_row, δ_column): there for the quadratic encoding, whose parameters multiply it. */
  readonly basis?: Tensor2D | undefined;
}

/** Rows of a table: one for each offset that a grid has, and a last one for every pair with a token of the prefix. */
export function numOffsets({ Gh, Gw }: Grid): number {
  return (2 * Gh - 1) * (2 * Gw - 1) + 1;
}

/** Positions as offsets δ = key − query, for a table learned row by row. The caller owns the tensors. */
export function relativePositions({ Gh, Gw }: Grid, numPrefix: number): RelativePositions {
  const N = numPrefix + Gh * Gw;
  const indices = Int32Array.from({ length: N * N }, (_, i) => {
    const query = Math.floor(i / N) - numPrefix;
    const key = (i % N) - numPrefix;
    if (query < 0 || key < 0) return numOffsets({ Gh, Gw }) - 1;
    const down = Math.floor(key / Gw) - Math.floor(query / Gw);
    const right = (key % Gw) - (query % Gw);
    return (down + Gh - 1) * (2 * Gw - 1) + right + Gw - 1;
  });
  return { indices: tensor1d(indices, 'int32') };
}

/**
 * The same for the quadratic encoding (Cordonnier et al. 2020, eq. 9): three parameters a head in place of a table. With
 * −α·(1, −2Δ_row, −2Δ_column) a head looks at the token Δ away, the more sharply the greater α. The prefix gets zero.
 */
export function quadraticPositions(grid: Grid, numPrefix: number): RelativePositions {
  const { Gh, Gw } = grid;
  const basis = new Float32Array(numOffsets(grid) * 3);
  for (let offset = 0; offset < numOffsets(grid) - 1; offset += 1) {
    const down = Math.floor(offset / (2 * Gw - 1)) - Gh + 1;
    const right = (offset % (2 * Gw - 1)) - Gw + 1;
    basis.set([down * down + right * right, down, right], offset * 3);
  }
  return { ...relativePositions(grid, numPrefix), basis: tensor2d(basis, [numOffsets(grid), 3]) };
}

/** What the positions add to the scores, [1, H, N, N], from a table [offsets, H] or the quadratic parameters [3, H]. */
export function relativeBias({ indices, basis }: RelativePositions, params: Tensor): Tensor4D {
  return tidy(() => {
    const [rows, H] = params.shape;
    const given = reshape<Rank.R2>(params, [rows ?? 0, H ?? 0]);
    const table = basis === undefined ? given : linear(basis, given); // [offsets, H]
    const N = Math.sqrt(indices.size);
    return reshape<Rank.R4>(transpose(gatherRows(table, indices)), [1, H ?? 0, N, N]);
  });
}
