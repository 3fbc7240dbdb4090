import { exp } from './exp';
import { F32, VECTOR, firstLanes, loadPartial, maxLanes, sumLanes } from './vector';

/**
 * Turns a row of scores into softmax(scores·scale + mask) in place. The row has room for `size` floats rounded up to a
 * multiple of eight; the filling becomes 0. `mask` is 0 when there is none. A NaN or +∞, or a row of −∞ alone, gives
 * NaN throughout, as subtracting the maximum does in tfjs.
 */
export function softmaxRow(row: usize, mask: usize, size: i32, scale: f32): void {
  const end = row + <usize>((size + 7) & ~7) * F32;
  const maximum = f32x4.splat(scaleAndMask(row, end, mask, size, scale));
  let sum = f32x4.splat(0);
  // Two at a time: they share each load of a constant of the exponential.
  for (let at = row; at < end; at += 2 * VECTOR) {
    const first = exp(f32x4.sub(v128.load(at), maximum));
    const second = exp(f32x4.sub(v128.load(at, VECTOR), maximum));
    v128.store(at, first);
    v128.store(at, second, VECTOR);
    sum = f32x4.add(sum, f32x4.add(first, second));
  }
  const factor = f32x4.splat(1 / sumLanes(sum));
  for (let at = row; at < end; at += VECTOR) v128.store(at, f32x4.mul(v128.load(at), factor));
}

/** row = row·scale + mask, its filling −∞; gives the maximum. NaNs are passed over: the sum of the exponentials has them. */
function scaleAndMask(row: usize, end: usize, mask: usize, size: i32, scale: f32): f32 {
  const lowest = f32x4.splat(-f32.MAX_VALUE * 2);
  const factor = f32x4.splat(scale);
  let maximum = lowest;
  for (; size > 0; size -= 4) {
    let score = f32x4.mul(v128.load(row), factor);
    if (mask != 0) {
      score = f32x4.add(score, loadPartial(mask, size));
      mask += VECTOR;
    }
    if (size < 4) score = v128.bitselect(score, lowest, firstLanes(size));
    v128.store(row, score);
    maximum = f32x4.pmax(maximum, score);
    row += VECTOR;
  }
  if (row < end) v128.store(row, lowest);
  return maxLanes(maximum);
}
