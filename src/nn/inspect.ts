import type { Tensor } from '@tensorflow/tfjs-core';

import { add, grad, grads, keep, tidy, zeros } from '../tensor/tfjs.ts';
import { ArgumentError } from '../errors.ts';
import { forward } from './network.ts';
import type { Layer } from './network.ts';
import type { Probe } from './probe.ts';

/** What is looked at on the way through a network. */
export interface Inspection {
  /** The probe for inside a layer; absent where nothing there is asked for, so that it runs as fast as ever. */
  inside(layer: string): Probe | undefined;
  /** After each layer, with its output, which is borrowed; whatever it throws ends the pass. */
  after(layer: string, output: Tensor): Promise<void> | void;
}

/** The output of a chain of layers, run one at a time so that what a layer shows can be read before the next one begins. */
export async function inspect(layers: readonly Layer[], input: Tensor, inspection: Inspection): Promise<Tensor> {
  let x = input;
  try {
    for (const layer of layers) {
      const next = layer.apply(x, inspection.inside(layer.name));
      if (x !== input) x.dispose();
      x = next;
      await inspection.after(layer.name, x);
    }
    return x;
  } catch (error) {
    if (x !== input) x.dispose();
    throw error;
  }
}

/** A place inside a network that may be replaced, and its shape. */
export interface Place {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * The gradient of Σ dLogits·logits at places inside a network, by their names: that of a tensor of zeros which is added
 * there, so that it takes one pass back for all of them, and no further back than the first. `probe` sees the pass forth.
 * The caller owns the gradients.
 */
export function gradientsAt(
  layers: readonly Layer[],
  input: Tensor,
  places: readonly Place[],
  dLogits: Tensor,
  probe?: Probe,
): Map<string, Tensor> {
  const found = new Set<string>();
  const gradients = tidy(() => {
    const taps = places.map(({ shape }) => zeros([...shape]));
    const tapOf = new Map(places.map(({ name }, i) => [name, i]));
    const run = (...given: Tensor[]): Tensor =>
      forward(layers, input, (name, tensor) => {
        probe?.(name, tensor);
        const tap = given[tapOf.get(name) ?? -1];
        if (tap === undefined) return tensor;
        found.add(name);
        return add(tensor, tap);
      });
    return grads(run)(taps, dLogits).map((gradient) => keep(gradient));
  });
  const missing = places.find(({ name }) => !found.has(name));
  if (missing !== undefined) throw new ArgumentError(`gradient: expected the network to show ${missing.name}`);
  return new Map(places.map(({ name }, i) => [name, gradients[i]!]));
}

/** The gradient of Σ dLogits·logits at the input of a chain of layers that ends with the logits. */
export function gradientOfRest(layers: readonly Layer[], input: Tensor, dLogits: Tensor): Tensor {
  return grad((x) => forward(layers, x))(input, dLogits);
}
