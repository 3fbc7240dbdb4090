import type { Tensor } from '@tensorflow/tfjs-core';

import { imagesOf, matricesOf } from './batch-values.ts';
import type { HeadMatrices } from '../../attribution/heads.ts';
import { ArgumentError } from '../../errors.ts';
import { inspect } from '../../nn/inspect.ts';
import { turn } from '../../nn/network.ts';
import type { Network } from '../../nn/network.ts';
import { readOnce } from '../../tensor/read-once.ts';
import { keep } from '../../tensor/tfjs.ts';

/** Which inner results of a pass are kept, by block. */
export interface TraceRequest {
  readonly weights?: readonly number[] | undefined;
  /** Outputs of blocks. */
  readonly tokens?: readonly number[] | undefined;
  /** Called now and then; what it throws ends the pass. */
  readonly between?: (() => void) | undefined;
}

/** What a pass over a batch leaves behind: lists have one entry for each image. */
export interface Trace {
  readonly logits: readonly Float32Array[];
  /** Of every layer's output, the batch first. */
  readonly shapes: readonly (readonly number[])[];
  readonly weights: ReadonlyMap<number, readonly HeadMatrices[]>;
  /** [N, D] */
  readonly tokens: ReadonlyMap<number, readonly Float32Array[]>;
}

/**
 * Runs a network on a batch and reads what was asked for, layer by layer: never more than one layer's attention is on the
 * backend, and none but the layers asked for is computed beyond what the pass itself needs.
 */
export async function traceOf({ layers }: Network, input: Tensor, request: TraceRequest): Promise<Trace> {
  const { weights: weightsOf = [], tokens: tokensOf = [], between } = request;
  const weights = new Map<number, HeadMatrices[]>();
  const tokens = new Map<number, Float32Array[]>();
  const shapes: number[][] = [];
  let kept: Tensor | undefined;
  const logits = await inspect(layers, input, {
    inside: (layer) => {
      if (!weightsOf.includes(blockOf(layer))) return undefined;
      return (name, tensor) => {
        if (name === `${layer}.attention.weights`) kept = keep(tensor);
      };
    },
    after: async (layer, output) => {
      shapes.push(output.shape);
      const block = blockOf(layer);
      if (weightsOf.includes(block)) {
        if (kept === undefined) throw noWeights(block);
        weights.set(block, matricesOf(kept, await readOnce(kept)));
        kept = undefined;
      }
      if (tokensOf.includes(block)) tokens.set(block, imagesOf(output, await output.data<'float32'>()));
      await turn();
      between?.();
    },
  });
  return { logits: imagesOf(logits, await readOnce(logits)), shapes, weights, tokens };
}

/** -1 for a layer that is no block. */
export function blockOf(layer: string): number {
  return Number(/^blocks\.(\d+)$/.exec(layer)?.[1] ?? -1);
}

export function noWeights(block: number): ArgumentError {
  return new ArgumentError(`attention of layer ${block}: expected a mechanism with weights for all pairs of tokens`);
}
