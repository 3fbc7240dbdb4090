/**
 * Arithmetic of the products of linear layers, forward and backward, of attention forward and of convolutions forward but
 * depthwise ones; everything else is float32. `f32`: IEEE float32. `bf16`: operands rounded to bfloat16, products summed in
 * float32; probabilities within 0.02. `bf16x3`: each operand the sum of two bfloat16, of whose four products the smallest is
 * left out; probabilities within 1e-4.
 */
export const PRECISIONS = ['f32', 'bf16x3', 'bf16'] as const;
export type Precision = (typeof PRECISIONS)[number];

let current: Precision = 'f32';

/** Runs `compute` with the products of its ops in a precision, where the backend has it. Not across an `await`. */
export function inPrecision<T>(precision: Precision, compute: () => T): T {
  const before = current;
  current = precision;
  try {
    return compute();
  } finally {
    current = before;
  }
}

/** What an op that runs now multiplies in; `f32` unless inside `inPrecision`. */
export function currentPrecision(): Precision {
  return current;
}
