export const FLOAT_TYPES = ['F64', 'F32', 'F16', 'BF16'] as const;
export type FloatType = (typeof FLOAT_TYPES)[number];

/** Little-endian floats → float32, which for float32 itself are the same bytes. */
export function decodeFloats(own: ArrayBuffer, type: FloatType): Float32Array {
  switch (type) {
    case 'F64':
      return new Float32Array(new Float64Array(own));
    case 'F32':
      return new Float32Array(own);
    case 'F16':
      return widenHalves(new Uint16Array(own));
    case 'BF16':
      return widenBfloat16(new Uint16Array(own));
  }
}

let halfTable: Float32Array | undefined;

/** Looked up: 40 times as fast as the arithmetic, which a large half-precision checkpoint would feel as a minute. */
function widenHalves(halves: Uint16Array): Float32Array {
  const table = (halfTable ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => halfToFloat(half)));
  const wide = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) wide[i] = table[halves[i]!]!;
  return wide;
}

/** bfloat16 is the upper half of a float32. */
function widenBfloat16(halves: Uint16Array): Float32Array {
  const wide = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) wide[i] = halves[i]! << 16;
  return new Float32Array(wide.buffer);
}

const MIN_EXPONENT = -14;
const FRACTION = 1024;

/** IEEE 754 binary16 → number. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = (half & 0x3ff) / FRACTION;
  if (exponent === 0) return sign * fraction * 2 ** MIN_EXPONENT;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction) * 2 ** (exponent - 15);
}
