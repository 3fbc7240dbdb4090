import type { Rank, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { concat, pad, reshape, slice, tidy, transpose } from '../tensor/tfjs.ts';

/** Rows and columns of a grid of tokens; a sequence is a grid of one row. */
export interface Grid {
  readonly Gh: number;
  readonly Gw: number;
}

/** How one axis is cut: blocks of `size` positions, each seen together with `before` and `after` positions around it. */
export interface Cut {
  readonly size: number;
  readonly before: number;
  readonly after: number;
}

/** Positions that a block of the cut sees. */
export function spanOf({ size, before, after }: Cut): number {
  return before + size + after;
}

/**
 * Every block of a grid with what surrounds it, zeros beyond the border: [B, Gh·Gw, D] → [B·blocks, spanH·spanW, D], the
 * blocks row by row, ⌈Gh / size⌉·⌈Gw / size⌉ of them. With blocks of one stride this is im2col.
 */
export function blocksOf(x: Tensor3D, { Gh, Gw }: Grid, down: Cut, across: Cut): Tensor3D {
  return tidy(() => {
    const [B, , D] = x.shape;
    const [spanH, spanW] = [spanOf(down), spanOf(across)];
    const rows = cutAxis(reshape<Rank.R3>(x, [B, Gh, Gw * D]), down); // [B, nh, spanH, Gw·D]
    const both = cutAxis(reshape<Rank.R3>(rows, [-1, Gw, D]), across); // [B·nh·spanH, nw, spanW, D]
    const nw = both.shape[1];
    const byBlock = transpose<Tensor4D>(reshape<Rank.R4>(both, [-1, spanH, nw, spanW * D]), [0, 2, 1, 3]);
    return reshape<Rank.R3>(byBlock, [-1, spanH * spanW, D]);
  });
}

/** Blocks without surroundings, put together again: [B·blocks, size·size, D] → [B, Gh·Gw, D]. */
export function gridOf(blocks: Tensor3D, { Gh, Gw }: Grid, down: Cut, across: Cut): Tensor3D {
  return tidy(() => {
    const D = blocks.shape[2];
    const [nh, nw] = [Math.ceil(Gh / down.size), Math.ceil(Gw / across.size)];
    const byBlock = reshape<Rank.R4>(blocks, [-1, nw, down.size, across.size * D]);
    const byRow = reshape<Rank.R4>(transpose(byBlock, [0, 2, 1, 3]), [-1, nh * down.size, nw * across.size, D]);
    return reshape<Rank.R3>(slice(byRow, [0, 0, 0, 0], [-1, Gh, Gw, -1]), [-1, Gh * Gw, D]);
  });
}

/**
 * [outer, N, inner] → [outer, ⌈N / size⌉, span, inner]. By shifted copies and not by a gather: their gradients are
 * slices, which every backend has.
 */
function cutAxis(x: Tensor3D, cut: Cut): Tensor4D {
  const [outer, N, inner] = x.shape;
  const { size, before } = cut;
  const count = Math.ceil(N / size);
  const span = spanOf(cut);
  const numShifts = Math.ceil(span / size);
  const padded = pad(x, [
    [0, 0],
    [before, (count + numShifts - 1) * size - before - N],
    [0, 0],
  ]);
  const shifted = Array.from({ length: numShifts }, (_, i) =>
    reshape<Rank.R4>(slice(padded, [0, i * size, 0], [outer, count * size, inner]), [outer, count, size, inner]),
  );
  return slice(concat(shifted, 2), [0, 0, 0, 0], [outer, count, span, inner]);
}
