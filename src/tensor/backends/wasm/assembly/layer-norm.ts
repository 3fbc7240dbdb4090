import { F32, VECTOR, firstLanes, loadPartial, multiplyAdd, storePartial, sumLanes } from './vector';

/** out = (x − μ)/√(σ² + ε)·scale + bias for each of `rows` rows of D floats. */
export function layerNorm(x: usize, scale: usize, bias: usize, out: usize, rows: i32, D: i32, epsilon: f32): void {
  const stride = <usize>D * F32;
  for (; rows > 0; rows--) {
    normaliseRow(x, scale, bias, out, D, epsilon);
    x += stride;
    out += stride;
  }
}

/**
 * The first mean is rounded to the grid of the values, which a large common offset makes coarse. The differences from it
 * are exact there, so their own mean corrects both the mean and the variance.
 */
function normaliseRow(x: usize, scale: usize, bias: usize, out: usize, D: i32, epsilon: f32): void {
  const count = <f32>D;
  const centre = f32x4.splat(sumOf(x, D) / count);
  let sum = f32x4.splat(0);
  let squares = f32x4.splat(0);
  for (let i = 0; i < D; i += 4) {
    const rest = D - i;
    let d = f32x4.sub(loadPartial(x + <usize>i * F32, rest), centre);
    if (rest < 4) d = v128.and(d, firstLanes(rest));
    sum = f32x4.add(sum, d);
    squares = multiplyAdd(d, d, squares);
  }
  const correction = sumLanes(sum) / count;
  const variance = max(sumLanes(squares) / count - correction * correction, 0);
  const factor = f32x4.splat(1 / sqrt<f32>(variance + epsilon));
  const shift = f32x4.splat(correction);
  for (let i = 0; i < D; i += 4) {
    const rest = D - i;
    const offset = <usize>i * F32;
    const d = f32x4.sub(loadPartial(x + offset, rest), centre);
    const normal = f32x4.mul(f32x4.sub(d, shift), factor);
    const y = multiplyAdd(normal, loadPartial(scale + offset, rest), loadPartial(bias + offset, rest));
    storePartial(out + offset, y, rest);
  }
}

function sumOf(x: usize, size: i32): f32 {
  let sum = f32x4.splat(0);
  for (; size > 0; size -= 4) {
    sum = f32x4.add(sum, loadPartial(x, size));
    x += VECTOR;
  }
  return sumLanes(sum);
}
