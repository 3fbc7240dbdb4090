import { panelBytes, packPanels, packTransposedPanels } from './pack';
import { PANEL_STEP, TILE_COLUMNS, TILE_ROWS, multiplyTile } from './tile';
import { F32 } from './vector';

// Blocks chosen so that a panel (KC·8 floats) with four rows of A stays in a first-level cache of 32 KiB, the packed
// columns (KC·NC) and the rows of A that meet them (MC·KC) in a second-level cache of 512 KiB.
const KC: i32 = 384;
const NC: i32 = 128;
const MC: i32 = 240;

/** Scratch that `multiply` needs for any M: one block of packed columns. */
export function multiplyScratchBytes(K: i32, N: i32): usize {
  return panelBytes(min(K, KC), min(N, NC));
}

/**
 * C = A·B: A [M, K] with rows `aStride` bytes apart, B [K, N] or, if `transposed`, [N, K], rows `bStride` bytes apart,
 * C [M, N] contiguous. C is written before it is read.
 */
export function multiply(
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  transposed: bool,
  c: usize,
  M: i32,
  N: i32,
  K: i32,
  scratch: usize,
): void {
  const cStride = <usize>N * F32;
  // Blocks of nearly equal depth, none above KC; at least one, because K = 0 still has to write its zeros.
  const blocks = max(1, ceilDivide(K, KC));
  const depth = (ceilDivide(K, blocks) + 3) & ~3;
  let k = 0;
  do {
    const kBlock = min(depth, K - k);
    for (let n = 0; n < N; n += NC) {
      const nBlock = min(NC, N - n);
      if (transposed) packTransposedPanels(b + <usize>n * bStride + <usize>k * F32, bStride, kBlock, nBlock, scratch);
      else packPanels(b + <usize>k * bStride + <usize>n * F32, bStride, kBlock, nBlock, scratch);
      for (let m = 0; m < M; m += MC) {
        const aBlock = a + <usize>m * aStride + <usize>k * F32;
        const cBlock = c + <usize>m * cStride + <usize>n * F32;
        multiplyPanels(aBlock, aStride, scratch, cBlock, cStride, min(MC, M - m), nBlock, kBlock, k > 0);
      }
    }
    k += depth;
  } while (k < K);
}

// @ts-ignore: decorator
@inline
function ceilDivide(a: i32, b: i32): i32 {
  return (a + b - 1) / b;
}

/** C (+)= A·B for B packed whole: [M, K]·[K, N] → [M, N]. */
export function multiplyPanels(
  a: usize,
  aStride: usize,
  panels: usize,
  c: usize,
  cStride: usize,
  M: i32,
  N: i32,
  K: i32,
  accumulate: bool,
): void {
  for (let n = 0; n < N; n += TILE_COLUMNS) {
    let aRow = a;
    let cRow = c;
    for (let m = 0; m < M; m += TILE_ROWS) {
      multiplyTile(aRow, aStride, panels, cRow, cStride, M - m, N - n, K, accumulate);
      aRow += aStride * TILE_ROWS;
      cRow += cStride * TILE_ROWS;
    }
    panels += <usize>K * PANEL_STEP;
    c += PANEL_STEP;
  }
}
