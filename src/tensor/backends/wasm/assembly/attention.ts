import { multiplyPanels } from './gemm';
import { packPanels, packTransposedPanels, panelBytes } from './pack';
import { TILE_COLUMNS, TILE_ROWS } from './tile';
import { softmaxRow } from './softmax';
import { F32 } from './vector';

/** Query rows that share one pass over the keys: a few tiles, so that their scores stay in cache. */
const QUERY_ROWS: i32 = 6 * TILE_ROWS;

/** Scratch of `attendHead`: the packed keys and values of one head, and the scores of one block of queries. */
export function attentionScratchBytes(Nk: i32, Dh: i32, Dvh: i32): usize {
  return panelBytes(Dh, Nk) + panelBytes(Nk, Dvh) + rowBytes(Nk) * QUERY_ROWS;
}

/**
 * One head: out = softmax(QKᵀ·scale + mask)·V, with Q [Nq, Dh], K [Nk, Dh], V [Nk, Dvh] and out [Nq, Dvh] as columns of
 * wider matrices whose rows are `stride` (Q, K), `vStride` (V) and `outStride` bytes apart. `mask` and `weights` are
 * [Nq, Nk] or 0: none.
 */
export function attendHead(
  q: usize,
  k: usize,
  v: usize,
  mask: usize,
  out: usize,
  weights: usize,
  stride: usize,
  vStride: usize,
  outStride: usize,
  Nq: i32,
  Nk: i32,
  Dh: i32,
  Dvh: i32,
  scale: f32,
  scratch: usize,
): void {
  const keys = scratch;
  const values = keys + panelBytes(Dh, Nk);
  const scores = values + panelBytes(Nk, Dvh);
  const scoreStride = rowBytes(Nk);
  const weightStride = <usize>Nk * F32;
  packTransposedPanels(k, stride, Dh, Nk, keys);
  packPanels(v, vStride, Nk, Dvh, values);
  for (let n = 0; n < Nq; n += QUERY_ROWS) {
    const rows = min(QUERY_ROWS, Nq - n);
    multiplyPanels(q, stride, keys, scores, scoreStride, rows, Nk, Dh, false);
    for (let r = 0; r < rows; r++) {
      const row = scores + <usize>r * scoreStride;
      softmaxRow(row, mask, Nk, scale);
      if (mask != 0) mask += weightStride;
      if (weights != 0) {
        memory.copy(weights, row, weightStride);
        weights += weightStride;
      }
    }
    multiplyPanels(scores, scoreStride, values, out, outStride, rows, Dvh, Nk, false);
    q += stride * QUERY_ROWS;
    out += outStride * QUERY_ROWS;
  }
}

/** Bytes of a row of scores, filled up to whole panels. */
// @ts-ignore: decorator
@inline
function rowBytes(Nk: i32): usize {
  return <usize>((Nk + TILE_COLUMNS - 1) & -TILE_COLUMNS) * F32;
}
