import { add, broadcastTo, concat, mean, slice, squeeze, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

import { encoderBlock } from '../nn/encoder-block.ts';
import { project } from '../nn/linear.ts';
import { norm } from '../nn/norm.ts';
import { scoped } from '../nn/probe.ts';
import type { Probe } from '../nn/probe.ts';
import { dims } from '../tensor/dims.ts';
import type { ViTConfig } from '../weights/architecture.ts';
import { geometryOf } from './geometry.ts';
import type { ViTParams } from './params.ts';

/** A network ready to run: its shape, its parameters and, where they are not parameters, its fixed positions [1, N, D]. */
export interface ViT {
  readonly config: ViTConfig;
  readonly params: ViTParams;
  readonly fixedPositions?: Tensor | undefined;
}

/**
 * Vision Transformer (Dosovitskiy et al. 2021, eqs. 1–4): flattened patches [B, N, P²·C] → logits [B, classes].
 * Probes `patchEmbedding`, `tokens`, `blocks.i` and what each block names, `norm`, `pooled`.
 */
export function forward(vit: ViT, patches: Tensor3D, probe?: Probe): Tensor2D {
  return tidy(() => forwardHead(vit, forwardFeatures(vit, patches, probe), probe));
}

/** Patches [B, N, P²·C] → tokens after the last block [B, prefix + N, D], not yet normed. */
export function forwardFeatures(vit: ViT, patches: Tensor3D, probe?: Probe): Tensor3D {
  return tidy(() => {
    let x = embed(vit, patches, probe);
    probe?.('tokens', x);
    for (const [i, block] of vit.params.blocks.entries()) {
      x = encoderBlock(x, block, vit.config, scoped(probe, `blocks.${i}`));
      probe?.(`blocks.${i}`, x);
    }
    return x;
  });
}

/** Tokens [B, N, D] → logits [B, classes]. */
export function forwardHead(vit: ViT, tokens: Tensor3D, probe?: Probe): Tensor2D {
  return tidy(() => project(pool(vit, tokens, probe), vit.params.head));
}

/** z₀ = [class token; x₁E; …; x_NE] + positions (eq. 1). */
function embed({ config, params, fixedPositions }: ViT, patches: Tensor3D, probe?: Probe): Tensor3D {
  const { numPatches, patchDim } = geometryOf(config);
  dims('ViT patches', patches, 'B N Din', { N: numPatches, Din: patchDim });
  const embedded = project(patches, params.patchEmbedding); // [B, N, D]
  probe?.('patchEmbedding', embedded);
  const { classToken, positions = fixedPositions } = params;
  const tokens = classToken === undefined ? embedded : prepend(classToken, embedded);
  return positions === undefined ? tokens : add(tokens, positions);
}

/** A learned [1, n, D] before each sequence of the batch: [B, N, D] → [B, n + N, D]. */
function prepend(prefix: Tensor, tokens: Tensor3D): Tensor3D {
  const [B, , D] = tokens.shape;
  const n = prefix.shape[1] ?? 0;
  return concat([broadcastTo<Rank.R3>(prefix, [B, n, D]), tokens], 1);
}

/** [B, N, D] → [B, D]. */
function pool({ config, params }: ViT, tokens: Tensor3D, probe?: Probe): Tensor2D {
  const { numPrefixTokens, numPatches } = geometryOf(config);
  const { pooling, epsilon } = config;
  const probed = <T extends Tensor>(name: string, x: T): T => {
    probe?.(name, x);
    return x;
  };
  const normed = <T extends Tensor>(x: T): T => probed('norm', norm(x, params.norm, epsilon));
  const meanOfPatches = (x: Tensor3D): Tensor2D =>
    probed('pooled', mean(slice(x, [0, numPrefixTokens, 0], [-1, numPatches, -1]), 1));
  switch (pooling.kind) {
    case 'class-token':
      // The norm is per token: only the one that is read needs it, unless someone looks at all of them.
      return probed('pooled', squeeze(normed(slice(tokens, [0, 0, 0], [-1, 1, -1])), [1]));
    case 'mean':
      return pooling.norm === 'before' ? meanOfPatches(normed(tokens)) : normed(meanOfPatches(tokens));
  }
}
