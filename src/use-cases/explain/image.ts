import type { Rank, Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import { dispose, keep, reshape, slice, tidy } from '../../tensor/tfjs.ts';
import { headsOf, scaleOf } from './explain.ts';
import { decodeImage } from '../../image/decode.ts';
import { preprocess } from '../../image/preprocess.ts';
import { loadViT } from '../load/load.ts';
import { patchesOf } from '../load/vit.ts';
import type { LoadedViT } from '../load/load.ts';
import type { LoadOptions } from '../model-info.ts';
import { EMBEDDED_MODEL } from '../models.ts';
import type { Explanation } from '../../report/explanation.ts';
import { forward } from '../../vit/forward.ts';
import { geometryOf } from '../../vit/geometry.ts';
import type { ViTConfig } from '../../weights/architecture.ts';
import { checkIndex } from '../whole-number.ts';

export interface ExplainImageOptions extends LoadOptions {
  /** As `loadModel` takes it; the embedded model when absent. */
  readonly model?: string | undefined;
  /** Encoder block, from 0; the last when absent. */
  readonly layer?: number | undefined;
  /** From 0, the default. */
  readonly head?: number | undefined;
  /** Row and column of the patch that asks, from 0; the one in the middle when absent. */
  readonly patch?: readonly [row: number, column: number] | undefined;
}

/**
 * The attention of one patch of an image, in one layer and head of a model, with every number on the way.
 *
 * @throws ArgumentError when the model has no such layer, head or patch; ImageError; or what `loadModel` throws.
 */
export async function explainImage(
  image: string | Uint8Array,
  options: ExplainImageOptions = {},
): Promise<Explanation> {
  using loaded = await loadViT(options.model ?? EMBEDDED_MODEL, options);
  const { config } = loaded.info;
  const place = placeOf(config, options);
  const pixels = await decodeImage(image, { autoOrient: options.autoOrient ?? true });
  options.signal?.throwIfAborted();
  const prepared = preprocess(pixels, loaded.info.preprocessing, { kernel: loaded.resample }).data;
  const { query, key, value } = projectionsOf(loaded, prepared, place);
  try {
    const { heads, outputs } = await headsOf(query, key, value, { numHeads: 1 });
    const keyTokens = tokensOf(config);
    const asking = keyTokens[place.token] ?? '';
    return {
      title: `${loaded.info.architecture}: ${asking} in layer ${place.layer}, head ${place.head}`,
      queryTokens: [asking],
      keyTokens,
      scale: scaleOf(query, 1),
      heads,
      outputs,
    };
  } finally {
    dispose([query, key, value]);
  }
}

interface Place {
  readonly layer: number;
  readonly head: number;
  /** Index of the token that asks. */
  readonly token: number;
}

function placeOf(config: ViTConfig, options: ExplainImageOptions): Place {
  const { Gh, Gw, numPrefixTokens } = geometryOf(config);
  const layer = options.layer ?? config.depth - 1;
  const head = options.head ?? 0;
  const [row, column] = options.patch ?? [Math.floor(Gh / 2), Math.floor(Gw / 2)];
  checkIndex('layer', layer, config.depth);
  checkIndex('head', head, config.numHeads);
  checkIndex('patch row', row, Gh);
  checkIndex('patch column', column, Gw);
  return { layer, head, token: numPrefixTokens + row * Gw + column };
}

/** What meets in the layer: the query of the token [1, 1, Dh], keys and values of all [1, N, Dh]. The caller owns them. */
function projectionsOf({ vit }: LoadedViT, pixels: Float32Array, { layer, head, token }: Place) {
  const Dh = vit.config.dim / vit.config.numHeads;
  const kept = new Map<string, Tensor3D>();
  const take = (name: string, x: Tensor): void => {
    const part = name.slice(`blocks.${layer}.attention.`.length);
    if (!name.startsWith(`blocks.${layer}.attention.`) || !['query', 'key', 'value'].includes(part)) return;
    const [first, count] = part === 'query' ? ([token, 1] as const) : ([0, -1] as const);
    const all = reshape<Rank.R3>(x, [1, -1, vit.config.dim]);
    kept.set(part, keep(slice(all, [0, first, head * Dh], [1, count, Dh])));
  };
  tidy(() => void forward(vit, patchesOf([pixels], vit.config), take));
  const [query, key, value] = ['query', 'key', 'value'].map((part) => kept.get(part));
  if (query === undefined || key === undefined || value === undefined) {
    throw new Error(`blocks.${layer}.attention: expected probes of query, key and value`);
  }
  return { query, key, value };
}

function tokensOf(config: ViTConfig): string[] {
  const { classToken, distillationToken, numRegisters } = config.prefix;
  const { Gw, numPatches } = geometryOf(config);
  return [
    ...(classToken ? ['class'] : []),
    ...(distillationToken ? ['distillation'] : []),
    ...Array.from({ length: numRegisters }, (_, i) => `register ${i}`),
    ...Array.from({ length: numPatches }, (_, i) => `patch ${Math.floor(i / Gw)},${i % Gw}`),
  ];
}
