import type { Activation } from '../../ops/linear.ts';

/** The codes of assembly/activation.ts. */
export const ACTIVATION_CODES = {
  none: 0,
  relu: 1,
  gelu: 2,
  'gelu-tanh': 3,
  'gelu-quick': 4,
} as const satisfies Record<Activation, number>;
