import { VECTOR, loadPartial, multiplyAdd, storePartial } from './vector';

// Four rows and eight columns of the output, in eight of the sixteen vector registers of x86-64. The compilers of V8 move
// the arithmetic of a basic block behind its loads, so the four factors of a step need registers as well; six rows
// spill and ran at 20 GFLOP/s where four run at 33.
export const TILE_ROWS: i32 = 4;
export const TILE_COLUMNS: i32 = 8;
/** Bytes of one row of a packed panel. */
export const PANEL_STEP: usize = 32;

/**
 * C (+)= A·B for one tile: A is `rows` rows of K floats, B one packed panel [K][8], C `rows` × `columns`; what lies
 * beyond the tile is left alone. Strides are in bytes. Missing rows are aliases of the last one: they compute and
 * store the same numbers again.
 */
export function multiplyTile(
  a0: usize,
  aStride: usize,
  panel: usize,
  c0: usize,
  cStride: usize,
  rows: i32,
  columns: i32,
  K: i32,
  accumulate: bool,
): void {
  let a1 = rows > 1 ? a0 + aStride : a0;
  let a2 = rows > 2 ? a1 + aStride : a1;
  let a3 = rows > 3 ? a2 + aStride : a2;
  let low0 = f32x4.splat(0);
  let low1 = low0;
  let low2 = low0;
  let low3 = low0;
  let high0 = low0;
  let high1 = low0;
  let high2 = low0;
  let high3 = low0;
  let low: v128;
  let high: v128;
  let x: v128;
  while (K > 0) {
    // A way out after each step starts a new basic block, which keeps the loads of all four from being moved together.
    low = v128.load(panel);
    high = v128.load(panel, 16);
    x = v128.load32_splat(a0);
    low0 = multiplyAdd(x, low, low0);
    high0 = multiplyAdd(x, high, high0);
    x = v128.load32_splat(a1);
    low1 = multiplyAdd(x, low, low1);
    high1 = multiplyAdd(x, high, high1);
    x = v128.load32_splat(a2);
    low2 = multiplyAdd(x, low, low2);
    high2 = multiplyAdd(x, high, high2);
    x = v128.load32_splat(a3);
    low3 = multiplyAdd(x, low, low3);
    high3 = multiplyAdd(x, high, high3);
    if (K == 1) break;

    low = v128.load(panel, 32);
    high = v128.load(panel, 48);
    x = v128.load32_splat(a0, 4);
    low0 = multiplyAdd(x, low, low0);
    high0 = multiplyAdd(x, high, high0);
    x = v128.load32_splat(a1, 4);
    low1 = multiplyAdd(x, low, low1);
    high1 = multiplyAdd(x, high, high1);
    x = v128.load32_splat(a2, 4);
    low2 = multiplyAdd(x, low, low2);
    high2 = multiplyAdd(x, high, high2);
    x = v128.load32_splat(a3, 4);
    low3 = multiplyAdd(x, low, low3);
    high3 = multiplyAdd(x, high, high3);
    if (K == 2) break;

    low = v128.load(panel, 64);
    high = v128.load(panel, 80);
    x = v128.load32_splat(a0, 8);
    low0 = multiplyAdd(x, low, low0);
    high0 = multiplyAdd(x, high, high0);
    x = v128.load32_splat(a1, 8);
    low1 = multiplyAdd(x, low, low1);
    high1 = multiplyAdd(x, high, high1);
    x = v128.load32_splat(a2, 8);
    low2 = multiplyAdd(x, low, low2);
    high2 = multiplyAdd(x, high, high2);
    x = v128.load32_splat(a3, 8);
    low3 = multiplyAdd(x, low, low3);
    high3 = multiplyAdd(x, high, high3);
    if (K == 3) break;

    low = v128.load(panel, 96);
    high = v128.load(panel, 112);
    x = v128.load32_splat(a0, 12);
    low0 = multiplyAdd(x, low, low0);
    high0 = multiplyAdd(x, high, high0);
    x = v128.load32_splat(a1, 12);
    low1 = multiplyAdd(x, low, low1);
    high1 = multiplyAdd(x, high, high1);
    x = v128.load32_splat(a2, 12);
    low2 = multiplyAdd(x, low, low2);
    high2 = multiplyAdd(x, high, high2);
    x = v128.load32_splat(a3, 12);
    low3 = multiplyAdd(x, low, low3);
    high3 = multiplyAdd(x, high, high3);

    panel += 4 * PANEL_STEP;
    a0 += VECTOR;
    a1 += VECTOR;
    a2 += VECTOR;
    a3 += VECTOR;
    K -= 4;
  }
  const c1 = rows > 1 ? c0 + cStride : c0;
  const c2 = rows > 2 ? c1 + cStride : c1;
  const c3 = rows > 3 ? c2 + cStride : c2;
  if (accumulate) {
    // All rows are read before any is written, so that aliases add the old value once.
    low0 = f32x4.add(low0, loadPartial(c0, columns));
    low1 = f32x4.add(low1, loadPartial(c1, columns));
    low2 = f32x4.add(low2, loadPartial(c2, columns));
    low3 = f32x4.add(low3, loadPartial(c3, columns));
    high0 = f32x4.add(high0, loadHigh(c0, columns));
    high1 = f32x4.add(high1, loadHigh(c1, columns));
    high2 = f32x4.add(high2, loadHigh(c2, columns));
    high3 = f32x4.add(high3, loadHigh(c3, columns));
  }
  storeRow(c0, low0, high0, columns);
  storeRow(c1, low1, high1, columns);
  storeRow(c2, low2, high2, columns);
  storeRow(c3, low3, high3, columns);
}

function loadHigh(row: usize, columns: i32): v128 {
  return columns > 4 ? loadPartial(row + VECTOR, columns - 4) : f32x4.splat(0);
}

function storeRow(row: usize, low: v128, high: v128, columns: i32): void {
  storePartial(row, low, columns);
  if (columns > 4) storePartial(row + VECTOR, high, columns - 4);
}
