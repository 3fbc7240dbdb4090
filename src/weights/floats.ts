export const FLOAT_TYPES = ['F64', 'F32', 'F16', 'BF16'] as const;
export type FloatType = (typeof FLOAT_TYPES)[number];

/** Little-endian floats of any alignment → float32. */
export function decodeFloats(bytes: Uint8Array, type: FloatType): Float32Array {
  // A copy of its own: typed arrays must start at a multiple of their width, tensors in a file need not. Not
  // `bytes.slice()`, which for a Buffer is a view of the whole file.
  const own = new Uint8Array(bytes).buffer;
  switch (type) {
    case 'F64':
      return Float32Array.from(new Float64Array(own));
    case 'F32':
      return new Float32Array(own);
    case 'F16':
      return Float32Array.from(new Uint16Array(own), halfToFloat);
    case 'BF16':
      return widenBfloat16(new Uint16Array(own));
  }
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
