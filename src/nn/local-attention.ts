import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { concat, tensor4d, tidy } from '../tensor/tfjs.ts';
import { ArgumentError } from '../errors.ts';
import { attention } from '../tensor/ops/attention.ts';
import { dims } from '../tensor/dims.ts';
import { blocksOf, gridOf, spanOf } from './blocks.ts';
import type { Cut, Grid } from './blocks.ts';

/** How far a token sees on the grid; a window on a sequence is a grid of one row with `up` and `down` zero. */
export interface Reach {
  readonly up: number;
  readonly down: number;
  readonly left: number;
  readonly right: number;
}

export interface LocalAttentionOptions {
  readonly numHeads: number;
  readonly grid: Grid;
  readonly reach: Reach;
  /** Factor of the scores; 1/√Dh when absent. */
  readonly scale?: number | undefined;
}

/**
 * Attention truncated to what lies around each token, [B, Gh·Gw, D] → the same; what `attention` gives with the mask of
 * `windowed` or `neighbourhood`, but at O(N·w) time and memory for w tokens in reach: blocks of queries meet only the keys
 * around their block, at most two windows along each axis.
 *
 * @throws ArgumentError when a reach is no whole number; ShapeError when the tokens do not make the grid.
 */
export function localAttention(q: Tensor3D, k: Tensor3D, v: Tensor3D, options: LocalAttentionOptions): Tensor3D {
  const { numHeads, grid, reach, scale } = options;
  const { B } = dims('local attention query', q, 'B N D', { N: grid.Gh * grid.Gw });
  const down = cutOf(reach.up, reach.down, grid.Gh);
  const across = cutOf(reach.left, reach.right, grid.Gw);
  return tidy(() => {
    const alone = { before: 0, after: 0 };
    const queries = blocksOf(q, grid, { ...down, ...alone }, { ...across, ...alone });
    const keys = blocksOf(k, grid, down, across);
    const values = blocksOf(v, grid, down, across);
    const mask = blockMask(grid, down, across);
    // Not `tile`, whose kernel on tfjs-wasm takes longer than the attention.
    const masks = B === 1 ? mask : concat(Array<Tensor4D>(B).fill(mask), 0);
    const attended = attention(queries, keys, values, { numHeads, mask: masks, scale });
    return gridOf(attended, grid, down, across);
  });
}

/** A block as wide as its surroundings, so that each query meets at most two windows of keys. */
function cutOf(before: number, after: number, length: number): Cut {
  for (const reach of [before, after]) {
    if (Number.isInteger(reach) && reach >= 0) continue;
    throw new ArgumentError(`local attention reach: expected whole numbers of at least 0, got ${reach}`);
  }
  // Nothing lies beyond the ends, so no reach need be longer than the axis.
  const [near, far] = [Math.min(before, length - 1), Math.min(after, length - 1)];
  return { size: Math.max(1, Math.min(near + far, length)), before: near, after: far };
}

/** For each block which of its span each of its queries sees: [blocks, 1, size², span²]. */
function blockMask({ Gh, Gw }: Grid, down: Cut, across: Cut): Tensor4D {
  const rows = axisMasks(Gh, down);
  const columns = axisMasks(Gw, across);
  const numQueries = down.size * across.size;
  const numKeys = spanOf(down) * spanOf(across);
  const values = new Float32Array(rows.length * columns.length * numQueries * numKeys);
  // Away from the border all blocks are alike, so each combination is computed once.
  const known = new Map<AxisMask, Map<AxisMask, Float32Array>>();
  let next = 0;
  for (const row of rows) {
    const ofRow = known.get(row) ?? new Map<AxisMask, Float32Array>();
    known.set(row, ofRow);
    for (const column of columns) {
      const block = ofRow.get(column) ?? productOf(row, column);
      ofRow.set(column, block);
      values.set(block, next);
      next += block.length;
    }
  }
  return tensor4d(values, [rows.length * columns.length, 1, numQueries, numKeys]);
}

/** [query][position of the span]: whether the one sees the other along an axis. */
type AxisMask = readonly (readonly boolean[])[];

/** 0 where both axes allow it, −∞ elsewhere: [queries, keys]. */
function productOf(rows: AxisMask, columns: AxisMask): Float32Array {
  const numKeys = (rows[0]?.length ?? 0) * (columns[0]?.length ?? 0);
  const values = new Float32Array(rows.length * columns.length * numKeys);
  let next = 0;
  for (const seenRows of rows) {
    for (const seenColumns of columns) {
      for (const seesRow of seenRows) {
        for (const seesColumn of seenColumns) values[next++] = seesRow && seesColumn ? 0 : -Infinity;
      }
    }
  }
  return values;
}

/** For each block; those away from the ends are one and the same. */
function axisMasks(length: number, cut: Cut): AxisMask[] {
  const { size, before, after } = cut;
  const inner = axisMask(length, cut, undefined);
  return upTo(Math.ceil(length / size)).map((block) => {
    const isInner = block * size >= before && (block + 1) * size + after <= length;
    return isInner ? inner : axisMask(length, cut, block);
  });
}

/** In reach, and on the axis unless no block is given; padding queries see themselves, so that none is left alone. */
function axisMask(length: number, cut: Cut, block: number | undefined): AxisMask {
  const { size, before, after } = cut;
  const isSeen = (query: number, position: number): boolean => {
    const key = block === undefined ? 0 : block * size + position - before;
    const distance = position - before - query;
    const isOnAxis = key >= 0 && key < length;
    return distance === 0 || (isOnAxis && distance >= -before && distance <= after);
  };
  return upTo(size).map((query) => upTo(spanOf(cut)).map((position) => isSeen(query, position)));
}

function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
