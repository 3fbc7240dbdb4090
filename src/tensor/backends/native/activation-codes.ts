import type { Activation } from '../../ops/linear.ts';

/** `enum class Activation` of cpp/kernels.h. */
export const ACTIVATION_CODES = {
  none: 0,
  relu: 1,
  gelu: 2,
  'gelu-tanh': 3,
  'gelu-quick': 4,
} as const satisfies Record<Activation, number>;
