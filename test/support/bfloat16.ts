import type { Input } from './reference.ts';

/** Which parts of two operands multiply in a precision: 0 is an operand rounded to bfloat16, 1 what that leaves, rounded too. */
const TERMS = {
  bf16: [[0, 0]],
  bf16x3: [
    [1, 0],
    [0, 1],
    [0, 0],
  ],
} as const;
type Rounded = keyof typeof TERMS;

/**
 * What a product of two operands is in a precision, from the product of their parts.
 *
 * @param multiply in float64.
 */
export function productIn(
  precision: Rounded,
  [a, b]: readonly [Input, Input],
  multiply: (a: Input, b: Input) => Float64Array,
): Float64Array {
  const [ofA, ofB] = [partsOf(a), partsOf(b)];
  const terms = TERMS[precision].map(([i, j]) => multiply(ofA[i], ofB[j]));
  return terms.reduce((sum, term) => sum.map((value, i) => value + term[i]!));
}

function partsOf({ shape, data }: Input): readonly [rounded: Input, rest: Input] {
  const rounded = toBfloat16(data);
  return [
    { shape, data: rounded },
    { shape, data: toBfloat16(data.map((value, i) => value - rounded[i]!)) },
  ];
}

/** Finite values as the nearest float32 whose lower sixteen bits are zero, ties to even. */
export function toBfloat16(values: Iterable<number>): Float64Array {
  const floats = Float32Array.from(values);
  const bits = new Uint32Array(floats.buffer);
  for (const [i, value] of bits.entries()) bits[i] = (value + 0x7fff + ((value >>> 16) & 1)) & 0xffff0000;
  return Float64Array.from(floats);
}
