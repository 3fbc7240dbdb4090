import type { Precision } from '../../precision.ts';

/** `enum class Precision` of cpp/kernels.h. */
export const PRECISION_CODES = { f32: 0, bf16x3: 1, bf16: 2 } as const satisfies Record<Precision, number>;

/** The precision of a code. */
export function precisionOf(code: number): Precision {
  if (code === PRECISION_CODES.bf16x3) return 'bf16x3';
  return code === PRECISION_CODES.bf16 ? 'bf16' : 'f32';
}
