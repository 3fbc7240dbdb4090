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

/** Float32 → IEEE binary16, each rounded to the nearest, ties to even; beyond ±65504 they become infinite. */
export function encodeHalves(wide: Float32Array): Uint16Array {
  const bits = new Uint32Array(wide.buffer, wide.byteOffset, wide.length);
  const halves = new Uint16Array(wide.length);
  for (let i = 0; i < bits.length; i += 1) halves[i] = floatBitsToHalf(bits[i]!);
  return halves;
}

const FLOAT_INFINITY = 0x7f800000;
const HALF_INFINITY = 0x7c00;
const HALF_NAN = 0x7e00;
/** The bits of 2⁻¹⁴, the smallest normal half, and of 2¹⁶, which no half reaches. */
const MIN_NORMAL = 0x38800000;
const OUT_OF_RANGE = 0x47800000;
/** The exponent's bias is 127 in float32 and 15 in binary16. */
const REBIAS = (127 - 15) << 23;
const DROPPED_BITS = 13;

function floatBitsToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > FLOAT_INFINITY) return sign | HALF_NAN;
  if (magnitude >= OUT_OF_RANGE) return sign | HALF_INFINITY;
  if (magnitude < MIN_NORMAL) return sign | subnormalHalf(magnitude);
  // The fraction may round up into the exponent, which is then the next one, or infinity: as it should be.
  return sign | roundedShift(magnitude - REBIAS, DROPPED_BITS);
}

/** Below 2⁻¹⁴ a half counts steps of 2⁻²⁴. */
function subnormalHalf(magnitude: number): number {
  const exponent = magnitude >>> 23;
  const shift = 126 - exponent;
  // Less than half a step; float32's own subnormals too.
  if (shift > 24) return 0;
  return roundedShift((magnitude & 0x7fffff) | 0x800000, shift);
}

/** value / 2^shift, rounded to the nearest, ties to even. */
function roundedShift(value: number, shift: number): number {
  const odd = (value >>> shift) & 1;
  return (value + 2 ** (shift - 1) - 1 + odd) >>> shift;
}
