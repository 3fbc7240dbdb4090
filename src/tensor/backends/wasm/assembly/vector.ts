/** Bytes of a float32, and of a vector of four. */
export const F32: usize = 4;
export const VECTOR: usize = 16;

/** a·b + c, rounded once where the build and the machine have a fused instruction. */
// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** The first 1…4 floats at `source`; lanes beyond `count` are zero, and nothing beyond them is read. */
// @ts-ignore: decorator
@inline
export function loadPartial(source: usize, count: i32): v128 {
  if (count >= 4) return v128.load(source);
  let vector = v128.load32_zero(source);
  if (count > 1) vector = v128.load32_lane(source, vector, 1, 4);
  if (count > 2) vector = v128.load32_lane(source, vector, 2, 8);
  return vector;
}

/** Writes the first 1…4 lanes and nothing beyond. */
// @ts-ignore: decorator
@inline
export function storePartial(target: usize, vector: v128, count: i32): void {
  if (count >= 4) {
    v128.store(target, vector);
    return;
  }
  v128.store32_lane(target, vector, 0);
  if (count > 1) v128.store32_lane(target, vector, 1, 4);
  if (count > 2) v128.store32_lane(target, vector, 2, 8);
}

/** All bits set in the first `count` lanes. */
// @ts-ignore: decorator
@inline
export function firstLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/** Sum of the four lanes. */
// @ts-ignore: decorator
@inline
export function sumLanes(vector: v128): f32 {
  const pairs = f32x4.add(vector, v128.shuffle<i32>(vector, vector, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** Greatest of the four lanes; a NaN may be passed over. */
// @ts-ignore: decorator
@inline
export function maxLanes(vector: v128): f32 {
  const pairs = f32x4.pmax(vector, v128.shuffle<i32>(vector, vector, 2, 3, 0, 1));
  const a = f32x4.extract_lane(pairs, 0);
  const b = f32x4.extract_lane(pairs, 1);
  return a < b ? b : a;
}
