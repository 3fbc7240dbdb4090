import { exp } from './exp';
import { VECTOR, loadPartial, multiplyAdd, storePartial } from './vector';

/** Activation codes; ACTIVATION_CODES on the TypeScript side is the same list. */
const RELU: i32 = 1;
const GELU: i32 = 2;
const GELU_TANH: i32 = 3;
const GELU_QUICK: i32 = 4;

/** out = activation(x) over `size` floats; both may be the same place. Code 0 leaves `out` alone. */
export function activate(x: usize, out: usize, size: i32, activation: i32): void {
  // The code is a constant in each call, so each inlined loop keeps one branch of `value`.
  if (activation == RELU) map(x, out, size, RELU);
  else if (activation == GELU) map(x, out, size, GELU);
  else if (activation == GELU_TANH) map(x, out, size, GELU_TANH);
  else if (activation == GELU_QUICK) map(x, out, size, GELU_QUICK);
}

// @ts-ignore: decorator
@inline
function map(x: usize, out: usize, size: i32, activation: i32): void {
  // Two at a time: the constants of the polynomials do not fit in registers, so that two share each load of one.
  for (; size >= 8; size -= 8) {
    const first = v128.load(x);
    const second = v128.load(x, VECTOR);
    v128.store(out, value(first, activation));
    v128.store(out, value(second, activation), VECTOR);
    x += 2 * VECTOR;
    out += 2 * VECTOR;
  }
  for (; size > 0; size -= 4) {
    storePartial(out, value(loadPartial(x, size), activation), size);
    x += VECTOR;
    out += VECTOR;
  }
}

// @ts-ignore: decorator
@inline
function value(x: v128, activation: i32): v128 {
  // pmax(x, 0) is x < 0 ? 0 : x, which keeps a NaN.
  if (activation == RELU) return f32x4.pmax(x, f32x4.splat(0));
  if (activation == GELU) return f32x4.mul(x, normalCdf(x));
  if (activation == GELU_TANH) return f32x4.mul(x, sigmoid(tanhArgument(x)));
  return f32x4.mul(x, sigmoid(f32x4.mul(x, f32x4.splat(1.702))));
}

/**
 * Φ(x), absolute error below 2e-7. The tail Φ(−a) is e^(−a²/2)·t·P(t) with t = 1/(1 + 0.3a), the shape of Abramowitz &
 * Stegun 7.1.26; P is our own minimax fit on 0 ≤ a ≤ 14, relative error 1.5e-7, so small values keep their digits
 * where 1 + erf(x/√2) would cancel.
 */
// @ts-ignore: decorator
@inline
function normalCdf(x: v128): v128 {
  const one = f32x4.splat(1);
  const a = f32x4.abs(x);
  const t = f32x4.div(one, multiplyAdd(a, f32x4.splat(0.3), one));
  let p = multiplyAdd(t, f32x4.splat(0.03567430436751634), f32x4.splat(-0.15720111186652586));
  p = multiplyAdd(p, t, f32x4.splat(0.20635008776533215));
  p = multiplyAdd(p, t, f32x4.splat(-0.053680477215776394));
  p = multiplyAdd(p, t, f32x4.splat(0.12855994035401624));
  p = multiplyAdd(p, t, f32x4.splat(0.09991400631184696));
  p = multiplyAdd(p, t, f32x4.splat(0.12075387314277686));
  p = multiplyAdd(p, t, f32x4.splat(0.11962930426600689));
  const tail = f32x4.mul(f32x4.mul(p, t), exp(f32x4.mul(f32x4.mul(a, a), f32x4.splat(-0.5))));
  return v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)));
}

/** 1 / (1 + e⁻ˣ), by e^−|x| so that nothing overflows and small values keep their digits. */
// @ts-ignore: decorator
@inline
function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = exp(f32x4.neg(f32x4.abs(x)));
  const numerator = v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(numerator, f32x4.add(one, e));
}

/** 2·√(2/π)·(x + 0.044715x³): ½(1 + tanh u) is the sigmoid of 2u. */
// @ts-ignore: decorator
@inline
function tanhArgument(x: v128): v128 {
  const cubic = f32x4.splat(1.5957691216057308 * 0.044715);
  return f32x4.mul(x, multiplyAdd(f32x4.mul(x, x), cubic, f32x4.splat(1.5957691216057308)));
}
