import type { Rank, Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

import { add, broadcastTo, concat, mean, mul, reshape, slice, squeeze, tidy, zeros } from '../tensor/tfjs.ts';
import type { AttentionForm } from '../nn/attend.ts';
import { convolutionStem } from '../nn/convolution-stem.ts';
import { encoderBlock } from '../nn/encoder-block.ts';
import type { BranchFactors, EncoderBlockOptions } from '../nn/encoder-block.ts';
import { project } from '../nn/linear.ts';
import type { Layer } from '../nn/network.ts';
import { norm } from '../nn/norm.ts';
import { scoped } from '../nn/probe.ts';
import type { Probe } from '../nn/probe.ts';
import { dims } from '../tensor/dims.ts';
import { gatherRows } from '../tensor/ops/gather-rows.ts';
import type { ViTConfig } from '../weights/architecture.ts';
import { geometryOf, stemGrid } from './geometry.ts';
import type { ViTParams } from './params.ts';

/** A network ready to run: its shape, its parameters and what else follows from its configuration. */
export interface ViT {
  readonly config: ViTConfig;
  readonly params: ViTParams;
  /** [1, prefix + N, D] where positions are added and not learned. */
  readonly fixedPositions?: Tensor | undefined;
  /** Of every block, where it is not plain self-attention. */
  readonly attention?: AttentionForm | undefined;
  /** Of each block, while training with stochastic depth. */
  readonly branchFactors?: readonly BranchFactors[] | undefined;
  /** While training on a part of every image. */
  readonly keptPatches?: KeptPatches | undefined;
}

/** The patches that are there of each image, the same number of all. */
export interface KeptPatches {
  readonly perImage: number;
  /** Their places in the grid, int32 [B·n]. */
  readonly indices: Tensor1D;
}

/**
 * Vision Transformer (Dosovitskiy et al. 2021, eqs. 1–4): flattened patches [B, N, P²·C] → logits [B, classes].
 * Probes `patchEmbedding`, `tokens`, `blocks.i` and what each block names, `norm`, `pooled`.
 */
export function forward(vit: ViT, patches: Tensor3D, probe?: Probe): Tensor2D {
  return tidy(() => forwardHead(vit, forwardFeatures(vit, patches, { probe }).tokens, probe));
}

/** What a pass gives that is trained. */
export interface TrainingOutputs {
  readonly logits: Tensor2D;
  /** The logits of a distillation head by themselves. */
  readonly distillation?: Tensor2D | undefined;
  /** The patches [B, n, D] after the block that was asked for. */
  readonly features?: Tensor3D | undefined;
}

/** `forward` with its heads apart, and the patches after block `shown`, counted from 0. */
export function forwardHeads(vit: ViT, patches: Tensor3D, shown?: number): TrainingOutputs {
  return tidy(() => {
    const { tokens, patches: features } = forwardFeatures(vit, patches, { shown });
    if (vit.config.pooling.kind !== 'distilled') return { logits: forwardHead(vit, tokens), features };
    const [logits, distillation] = distilledHeads(vit, tokens);
    return { logits, distillation, features };
  });
}

/** The same network as a chain of layers: `tokens`, `blocks.i`, `logits`. */
export function vitLayers(vit: ViT): Layer[] {
  const options = blockOptions(vit);
  const blocks = vit.params.blocks.map((block, i, { length }): Layer => {
    const name = `blocks.${i}`;
    const read = i + 1 === length ? tokensRead(vit.config) : undefined;
    return {
      name,
      apply: (x: Tensor3D, probe) => encoderBlock(x, block, options, scoped(probe, name)),
      applyUnseen: (x: Tensor3D) => encoderBlock(x, block, { ...options, read }),
    };
  });
  return [
    { name: 'tokens', apply: (patches: Tensor3D, probe) => tidy(() => embed(vit, patches, probe)) },
    ...blocks,
    { name: 'logits', apply: (tokens: Tensor3D, probe) => forwardHead(vit, tokens, probe) },
  ];
}

interface Features {
  /** After the last block [B, prefix + N, D], not yet normed; without a probe perhaps only those that the head reads. */
  readonly tokens: Tensor3D;
  /** The patches [B, n, D] after block `shown`. */
  readonly patches?: Tensor3D | undefined;
}

/** Flattened patches [B, n, P²·C] → what the blocks make of them. */
function forwardFeatures(
  vit: ViT,
  patches: Tensor3D,
  { probe, shown }: { readonly probe?: Probe | undefined; readonly shown?: number | undefined },
): Features {
  const options = blockOptions(vit);
  const { numPrefixTokens } = geometryOf(vit.config);
  const last = vit.params.blocks.length - 1;
  return tidy(() => {
    let x = embed(vit, patches, probe);
    let shownPatches: Tensor3D | undefined;
    probe?.('tokens', x);
    for (const [i, block] of vit.params.blocks.entries()) {
      const factors = vit.branchFactors?.[i];
      const read = i === last && i !== shown ? tokensRead(vit.config) : undefined;
      x = encoderBlock(x, block, { ...options, factors, read }, scoped(probe, `blocks.${i}`));
      probe?.(`blocks.${i}`, x);
      if (i === shown) shownPatches = slice(x, [0, numPrefixTokens, 0]);
    }
    return { tokens: x, patches: shownPatches };
  });
}

/** How many tokens from the first on the head reads, where it does not read all. */
export function tokensRead({ pooling }: ViTConfig): number | undefined {
  switch (pooling.kind) {
    case 'class-token':
      return 1;
    case 'distilled':
      return 2;
    case 'mean':
    case 'class-token-and-mean':
      return undefined;
  }
}

function blockOptions({ config, attention }: ViT): EncoderBlockOptions {
  const { numHeads, epsilon, mlp } = config;
  return { numHeads, epsilon, activation: mlp.kind === 'plain' ? mlp.activation : 'none', form: attention };
}

/** z₀ = [prefix tokens; x₁E; …; x_NE] + positions (eq. 1). */
function embed({ config, params, fixedPositions, keptPatches }: ViT, patches: Tensor3D, probe?: Probe): Tensor3D {
  const { numPatches, numPrefixTokens, patchDim } = geometryOf(config);
  dims('ViT patches', patches, 'B N Din', { N: keptPatches?.perImage ?? numPatches, Din: patchDim });
  const features = params.stem === undefined ? patches : convolutionStem(patches, params.stem, stemGrid(config));
  const embedded = project(features, params.patchEmbedding); // [B, N, D]
  probe?.('patchEmbedding', embedded);
  const prefix = [params.classToken, params.distillationToken, params.registers].filter((t) => t !== undefined);
  const tokens = prefix.length === 0 ? embedded : prepend(concat(prefix, 1), embedded);
  const positions = fixedPositions ?? spreadPositions(config, params.positions);
  const placed =
    positions === undefined ? tokens : add<Tensor3D>(tokens, positionsKept(positions, keptPatches, numPrefixTokens));
  return params.inputNorm === undefined ? placed : norm(placed, params.inputNorm, config.epsilon);
}

/** Learned tokens [1, n, D] before each sequence of the batch: [B, N, D] → [B, n + N, D]. */
function prepend(prefix: Tensor, tokens: Tensor3D): Tensor3D {
  const [B, , D] = tokens.shape;
  const n = prefix.shape[1] ?? 0;
  return concat([broadcastTo<Rank.R3>(prefix, [B, n, D]), tokens], 1);
}

/** Zeros for the prefix tokens that have no position of their own: [1, numPrefix + N, D] → [1, prefix + N, D]. */
function spreadPositions(config: ViTConfig, positions: Tensor | undefined): Tensor | undefined {
  const { positions: encoding, dim: D } = config;
  const { numPrefixTokens } = geometryOf(config);
  if (positions === undefined || encoding.kind !== 'learned' || encoding.numPrefix === numPrefixTokens)
    return positions;
  const { numPrefix } = encoding;
  const parts = [
    slice(positions, [0, 0, 0], [1, numPrefix, D]),
    zeros([1, numPrefixTokens - numPrefix, D]),
    slice(positions, [0, numPrefix, 0], [1, -1, D]),
  ];
  return concat(
    parts.filter((part) => part.size > 0),
    1,
  );
}

/** Positions [1, prefix + N, D] of the patches that are there [B, prefix + n, D]. */
function positionsKept(positions: Tensor, kept: KeptPatches | undefined, numPrefix: number): Tensor {
  if (kept === undefined) return positions;
  const D = positions.shape[2] ?? 0;
  const grid = reshape<Rank.R2>(slice(positions, [0, numPrefix, 0]), [-1, D]);
  const ofPatches = reshape<Rank.R3>(gatherRows(grid, kept.indices), [-1, kept.perImage, D]);
  return numPrefix === 0 ? ofPatches : prepend(slice(positions, [0, 0, 0], [1, numPrefix, D]), ofPatches);
}

/** Tokens [B, prefix + N, D] → logits [B, classes]. Probes `norm` and `pooled`. */
function forwardHead(vit: ViT, tokens: Tensor3D, probe?: Probe): Tensor2D {
  const { config, params } = vit;
  const { numPrefixTokens } = geometryOf(config);
  const { pooling, epsilon } = config;
  const probed = <T extends Tensor>(name: string, x: T): T => {
    probe?.(name, x);
    return x;
  };
  const normed = <T extends Tensor>(x: T): T => probed('norm', norm(x, params.norm, epsilon));
  const meanOfPatches = (x: Tensor3D): Tensor2D => mean(slice(x, [0, numPrefixTokens, 0]), 1);
  return tidy(() => {
    switch (pooling.kind) {
      case 'class-token':
        // The norm is per token: only the one that is read needs it.
        return project(probed('pooled', normed(tokenOf(tokens, 0))), params.head);
      case 'mean': {
        if (pooling.norm === 'after') return project(normed(probed('pooled', meanOfPatches(tokens))), params.head);
        return project(probed('pooled', meanOfPatches(normed(tokens))), params.head);
      }
      case 'class-token-and-mean': {
        const all = normed(tokens);
        return project(probed('pooled', concat([tokenOf(all, 0), meanOfPatches(all)], 1)), params.head);
      }
      case 'distilled':
        return mul(add<Tensor2D>(...distilledHeads(vit, tokens, probe)), 0.5);
    }
  });
}

/** The logits of the class token and of the distillation token [B, classes]. Probes `norm`. */
function distilledHeads(
  { config, params }: ViT,
  tokens: Tensor3D,
  probe?: Probe,
): [logits: Tensor2D, distillation: Tensor2D] {
  const { head, distillationHead = head } = params;
  const both = norm(slice(tokens, [0, 0, 0], [-1, 2, -1]), params.norm, config.epsilon);
  probe?.('norm', both);
  return [project(tokenOf(both, 0), head), project(tokenOf(both, 1), distillationHead)];
}

/** [B, N, D] → [B, D]. */
function tokenOf(x: Tensor3D, index: number): Tensor2D {
  return squeeze(slice(x, [0, index, 0], [-1, 1, -1]), [1]);
}
