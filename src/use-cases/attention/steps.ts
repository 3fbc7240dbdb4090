import type { Rank, Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import { dispose, keep, mul, reshape, slice, tidy } from '../../tensor/tfjs.ts';
import { ArgumentError } from '../../errors.ts';
import { inspect } from '../../nn/inspect.ts';
import type { Network } from '../../nn/network.ts';
import type { ExploredSteps } from '../../report/explorer/explorer-data.ts';
import { scoresOf } from '../../tensor/ops/attention.ts';
import type { ViT } from '../../vit/forward.ts';
import type { ViTConfig } from '../../weights/architecture.ts';

/** A layer, or one head of it. */
export interface StepsPlace {
  readonly layer: number;
  /** All heads when absent. */
  readonly head?: number | undefined;
}

/** One head of one layer. */
export interface Head {
  readonly layer: number;
  readonly head: number;
}

/**
 * Every head that the places name, once each, in the network's order.
 *
 * @throws ArgumentError for a layer or head that there is none of.
 */
export function checkedSteps({ depth, numHeads }: ViTConfig, places: readonly StepsPlace[]): Head[] {
  for (const { layer, head } of places) {
    checkIndex('layer', layer, depth);
    if (head !== undefined) checkIndex('head', head, numHeads);
  }
  const isNamed = (layer: number, head: number): boolean =>
    places.some((place) => place.layer === layer && (place.head === undefined || place.head === head));
  return Array.from({ length: depth * numHeads }, (_, i) => ({
    layer: Math.floor(i / numHeads),
    head: i % numHeads,
  })).filter(({ layer, head }) => isNamed(layer, head));
}

function checkIndex(name: string, index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new ArgumentError(`steps: expected a ${name} from 0 to ${count - 1}, got ${index}`);
}

export interface StepsRequest {
  readonly places: readonly Head[];
  /** The token that asks, by its index. */
  readonly token: number;
  /** Called after each layer; what it throws ends the pass. */
  readonly between: () => void;
}

/**
 * How one token's attention comes about in layers and heads of a network, for the first image of a batch: queries, keys,
 * values, weights and outputs are those of the pass itself, scores are computed from them by the same backend. Where more
 * than the scaled scores goes into the softmax, there are no steps but the reason.
 */
export async function stepsOf(
  { layers }: Network,
  vit: ViT,
  input: Tensor,
  { places, token, between }: StepsRequest,
): Promise<{ readonly steps: readonly ExploredSteps[]; readonly withoutSteps?: string | undefined }> {
  const withoutSteps = reasonAgainst(vit);
  const last = Math.max(-1, ...places.map(({ layer }) => layer));
  if (withoutSteps !== undefined || last < 0) return { steps: [], withoutSteps };
  const steps: ExploredSteps[] = [];
  let kept = new Map<string, Tensor>();
  const end = layers.findIndex(({ name }) => name === `blocks.${last}`) + 1;
  const headsIn = (name: string): Head[] => places.filter(({ layer }) => name === `blocks.${layer}`);
  try {
    const output = await inspect(layers.slice(0, end), input, {
      inside: (name) => {
        if (headsIn(name).length === 0) return undefined;
        return (inner, tensor) => {
          const part = inner.slice(`${name}.attention.`.length);
          if (inner.startsWith(`${name}.attention.`) && PARTS.has(part)) kept.set(part, keep(tensor));
        };
      },
      after: async (name) => {
        for (const place of headsIn(name)) steps.push(await headSteps(vit, kept, place, token));
        dispose([...kept.values()]);
        kept = new Map();
        between();
      },
    });
    output.dispose();
  } finally {
    dispose([...kept.values()]);
  }
  return { steps };
}

const PARTS: ReadonlySet<string> = new Set(['query', 'key', 'value', 'weights', 'heads']);

function reasonAgainst({ attention }: ViT): string | undefined {
  const kind = attention?.mechanism?.kind ?? 'scaled-dot';
  if (kind !== 'scaled-dot') return `No exact steps: this network's attention is ${kind}, not the scaled dot product.`;
  if (attention?.mask === undefined && attention?.relative === undefined) return undefined;
  return 'No exact steps: this network adds a mask or a bias by position to its scaled scores.';
}

async function headSteps(
  { config }: ViT,
  kept: ReadonlyMap<string, Tensor>,
  { layer, head }: Head,
  token: number,
): Promise<ExploredSteps> {
  const Dh = config.dim / config.numHeads;
  const scale = 1 / Math.sqrt(Dh);
  const part = (name: string): Tensor => {
    const found = kept.get(name);
    if (found === undefined) throw new Error(`blocks.${layer}.attention: expected a probe of ${name}`);
    return found;
  };
  const tensors = tidy(() => {
    // Of the head: one row [1, 1, Dh], or all [1, N, Dh].
    const of = (name: string, first: number, count: number): Tensor3D =>
      reshape<Rank.R3>(slice(part(name), [0, first, head * Dh], [1, count, Dh]), [1, -1, Dh]);
    const [query, keys, values] = [of('query', token, 1), of('key', 0, -1), of('value', 0, -1)];
    const scores = scoresOf(query, keys, 1);
    const weights = slice(part('weights'), [0, head, token, 0], [1, 1, 1, -1]);
    return { query, keys, values, scores, scaled: mul(scores, scale), weights, output: of('heads', token, 1) };
  });
  try {
    const { query, keys, values, scores, scaled, weights, output } = tensors;
    return {
      layer,
      head,
      token,
      scale,
      query: await read(query),
      keys: await read(keys),
      values: await read(values),
      scores: await read(scores),
      scaled: await read(scaled),
      weights: await read(weights),
      output: await read(output),
    };
  } finally {
    dispose(Object.values(tensors));
  }
}

function read(tensor: Tensor): Promise<Float32Array> {
  return tensor.data<'float32'>();
}
