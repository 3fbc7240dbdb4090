import { multiplyAdd } from './vector';

const LOG2_E: f32 = 1.44269504;
/** ln 2 in two parts, the first short enough for n·LN2_HIGH to be exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;
/** Adding 1.5·2²³ rounds to an integer and leaves that integer in the low bits. */
const ROUNDER: f32 = 12582912.0;
/** −127 ln 2: from here down 2ⁿ has a zero exponent field, so the result is exactly 0. */
const LOWEST: f32 = -88.029691931;

/**
 * eˣ for x ≤ 88, within 2 ulp: 2ⁿ·eʳ with |r| ≤ ½ ln 2 and the polynomial of Cephes' expf. Below −87.3 it gives 0, not
 * a subnormal; −∞ gives 0 and NaN gives NaN.
 */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  // pmax(x, y) is x < y ? y : x, which keeps a NaN in x.
  const clamped = f32x4.pmax(x, f32x4.splat(LOWEST));
  const shifted = multiplyAdd(clamped, f32x4.splat(LOG2_E), f32x4.splat(ROUNDER));
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDER));
  let r = multiplyAdd(n, f32x4.splat(-LN2_HIGH), clamped);
  r = multiplyAdd(n, f32x4.splat(-LN2_LOW), r);
  let p = multiplyAdd(r, f32x4.splat(1.9875691500e-4), f32x4.splat(1.3981999507e-3));
  p = multiplyAdd(p, r, f32x4.splat(8.3334519073e-3));
  p = multiplyAdd(p, r, f32x4.splat(4.1665795894e-2));
  p = multiplyAdd(p, r, f32x4.splat(1.6666665459e-1));
  p = multiplyAdd(p, r, f32x4.splat(5.0000001201e-1));
  const exponential = f32x4.add(multiplyAdd(f32x4.mul(r, r), p, r), f32x4.splat(1));
  // (n + 127) << 23 are the bits of 2ⁿ; the constant bits of ROUNDER are shifted out.
  const power = i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(127 << 23));
  return f32x4.mul(exponential, power);
}
