import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Looks at a named intermediate result while a forward pass runs, e.g. `blocks.3.attention.weights` [B, H, N, N]. The
 * tensor is borrowed: it is disposed of when the pass leaves its layer, unless the probe keeps it.
 *
 * Where a layer says that a result may be replaced, the pass goes on with what the probe returns, of the same shape: a sum
 * with a tensor of zeros, say, by which the gradient at that place is found.
 */
export type Probe = <T extends Tensor>(name: string, tensor: T) => T | void;

/** The same probe with names below `prefix`; absent stays absent, so that nothing is kept alive unasked. */
export function scoped(probe: Probe | undefined, prefix: string): Probe | undefined {
  return probe && ((name, tensor) => probe(`${prefix}.${name}`, tensor));
}

/** Shows a probe a result that it may replace, and gives what to go on with. */
export function replaceable<T extends Tensor>(probe: Probe | undefined, name: string, tensor: T): T {
  return probe?.(name, tensor) ?? tensor;
}
