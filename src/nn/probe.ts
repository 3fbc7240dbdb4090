import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Looks at a named intermediate result while a forward pass runs, e.g. `blocks.3.attention.weights` [B, H, N, N]. The
 * tensor is borrowed: it is disposed of when the pass leaves its layer, unless the probe keeps it.
 */
export type Probe = (name: string, tensor: Tensor) => void;

/** The same probe with names below `prefix`; absent stays absent, so that nothing is kept alive unasked. */
export function scoped(probe: Probe | undefined, prefix: string): Probe | undefined {
  return probe && ((name, tensor) => probe(`${prefix}.${name}`, tensor));
}
