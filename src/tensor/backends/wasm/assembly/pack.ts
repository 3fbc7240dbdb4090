import { PANEL_STEP, TILE_COLUMNS } from './tile';
import { F32, VECTOR, loadPartial } from './vector';

/** Bytes of a packed [K, N] matrix. */
// @ts-ignore: decorator
@inline
export function panelBytes(K: i32, N: i32): usize {
  return <usize>((N + TILE_COLUMNS - 1) / TILE_COLUMNS) * <usize>K * PANEL_STEP;
}

/**
 * Packs B [K, N] into panels of eight columns, [⌈N/8⌉][K][8], which the tile then reads from end to end. The columns that
 * fill up the last panel are zero. `bStride` in bytes.
 */
export function packPanels(b: usize, bStride: usize, K: i32, N: i32, panels: usize): void {
  const panelSize = <usize>K * PANEL_STEP;
  // Row by row, because a walk down one panel would touch a new page of a wide matrix with every row.
  for (let k = 0; k < K; k++) {
    let source = b;
    let target = panels;
    let columns = N;
    for (; columns >= TILE_COLUMNS; columns -= TILE_COLUMNS) {
      v128.store(target, v128.load(source));
      v128.store(target, v128.load(source, VECTOR), VECTOR);
      source += PANEL_STEP;
      target += panelSize;
    }
    if (columns > 0) {
      v128.store(target, loadPartial(source, columns));
      v128.store(target, columns > 4 ? loadPartial(source + VECTOR, columns - 4) : f32x4.splat(0), VECTOR);
    }
    b += bStride;
    panels += PANEL_STEP;
  }
}

/**
 * Packs B given as its transpose [N, K] into the same panels. The columns that fill up the last panel repeat the last
 * one.
 */
export function packTransposedPanels(b: usize, bStride: usize, K: i32, N: i32, panels: usize): void {
  for (; N > 0; N -= TILE_COLUMNS) {
    packFour(b, bStride, K, N, panels);
    // The second four, or the last row four times more.
    const skipped = N > 4 ? 4 : N - 1;
    packFour(b + <usize>skipped * bStride, bStride, K, N - skipped, panels + VECTOR);
    b += bStride * TILE_COLUMNS;
    panels += <usize>K * PANEL_STEP;
  }
}

/** Four rows of K floats → one half of a panel, K vectors PANEL_STEP bytes apart. */
function packFour(b0: usize, bStride: usize, K: i32, rows: i32, target: usize): void {
  let b1 = rows > 1 ? b0 + bStride : b0;
  let b2 = rows > 2 ? b1 + bStride : b1;
  let b3 = rows > 3 ? b2 + bStride : b2;
  for (; K >= 4; K -= 4) {
    const r0 = v128.load(b0);
    const r1 = v128.load(b1);
    const r2 = v128.load(b2);
    const r3 = v128.load(b3);
    const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(target, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    v128.store(target, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 32);
    v128.store(target, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 64);
    v128.store(target, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 96);
    b0 += VECTOR;
    b1 += VECTOR;
    b2 += VECTOR;
    b3 += VECTOR;
    target += 4 * PANEL_STEP;
  }
  for (; K > 0; K--) {
    f32.store(target, f32.load(b0));
    f32.store(target, f32.load(b1), 4);
    f32.store(target, f32.load(b2), 8);
    f32.store(target, f32.load(b3), 12);
    b0 += F32;
    b1 += F32;
    b2 += F32;
    b3 += F32;
    target += PANEL_STEP;
  }
}
