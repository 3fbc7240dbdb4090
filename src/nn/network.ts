import type { Tensor } from '@tensorflow/tfjs-core';

import { tidy } from '../tensor/tfjs.ts';
import { inPrecision } from '../tensor/precision.ts';
import type { Precision } from '../tensor/precision.ts';
import type { Probe } from './probe.ts';

/** A step of a network that is worth a name: its embedding or stem, a block, its head. */
export interface Layer {
  /** As probes are told it: `blocks.3`. */
  readonly name: string;
  /** Borrows its input and gives ownership of its output; shows the probe what lies inside, but not the output. */
  apply(x: Tensor, probe?: Probe): Tensor;
  /** The same where only the next layer sees the output, which may then lack what that one does not read. */
  applyUnseen?(x: Tensor): Tensor;
}

/**
 * A network of any architecture, ready to run: a chain of layers from what `inputOf` makes to the logits [B, classes], which
 * is the output of the last layer, `logits`.
 */
export interface Network extends Disposable {
  readonly layers: readonly Layer[];
  /**
   * Images as `preprocess` gives them, each normalised pixels [H, W, C] of the size that the network was loaded at → what
   * the first layer takes, the batch on its first axis. The caller owns it.
   */
  inputOf(images: readonly Float32Array[]): Tensor;
}

/** The same network with the products of its layers in a precision. It stays the owner of what `network` owns. */
export function networkIn(precision: Precision, network: Network): Network {
  const layers = network.layers.map((layer): Layer => ({
    name: layer.name,
    apply: (x, probe) => inPrecision(precision, () => layer.apply(x, probe)),
    applyUnseen: (x) => inPrecision(precision, () => unseen(layer, x)),
  }));
  return {
    layers,
    inputOf: (images) => network.inputOf(images),
    [Symbol.dispose]: () => network[Symbol.dispose](),
  };
}

/**
 * Runs layers one after the other: a whole network for its logits, or the rest of it from an inner layer on. The probe is
 * shown the output of each layer under its name, and what lies inside.
 */
export function forward(layers: readonly Layer[], input: Tensor, probe?: Probe): Tensor {
  return tidy(() => {
    let x = input;
    for (const [i, layer] of layers.entries()) {
      const isSeen = probe !== undefined || i + 1 === layers.length;
      x = isSeen ? layer.apply(x, probe) : unseen(layer, x);
      probe?.(layer.name, x);
    }
    return x;
  });
}

/** Applies a layer whose output only the next one sees. */
export function unseen(layer: Layer, x: Tensor): Tensor {
  return layer.applyUnseen === undefined ? layer.apply(x) : layer.applyUnseen(x);
}

/** Leaves the event loop a turn, so that an abort can arrive and images go on being decoded. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Milliseconds of computing after which the event loop has a turn. */
const MOST_WITHOUT_TURN = 5;

/** Of all passes, because many short ones keep the event loop waiting as one long one does. */
let lastTurn = Number.NEGATIVE_INFINITY;

/** `turn`, if the last one is some milliseconds past. */
export async function turnWhenDue(): Promise<void> {
  if (performance.now() - lastTurn < MOST_WITHOUT_TURN) return;
  await turn();
  lastTurn = performance.now();
}

/**
 * `forward`, leaving the event loop a turn every few milliseconds, so that a long pass can be stopped and the decoding of
 * further images goes on beside it. `between` is called after each layer; what it throws ends the pass.
 */
export async function forwardInTurns(layers: readonly Layer[], input: Tensor, between: () => void): Promise<Tensor> {
  let x = input;
  const replaceBy = (next: Tensor | undefined): void => {
    if (x !== input) x.dispose();
    if (next !== undefined) x = next;
  };
  try {
    for (const [i, layer] of layers.entries()) {
      replaceBy(i + 1 === layers.length ? layer.apply(x) : unseen(layer, x));
      await turnWhenDue();
      between();
    }
    return x;
  } catch (error) {
    replaceBy(undefined);
    throw error;
  }
}
