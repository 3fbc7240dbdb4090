import type { Rank, Tensor, Tensor1D, Tensor3D } from '@tensorflow/tfjs-core';

import { concat, reshape, tensor1d, tensor3d } from '../tensor/tfjs.ts';
import type { BranchFactors } from '../nn/encoder-block.ts';
import { permutation } from '../metrics/random.ts';
import { attentionForm } from '../vit/attention-form.ts';
import { forward, forwardHeads } from '../vit/forward.ts';
import type { KeptPatches } from '../vit/forward.ts';
import { geometryOf } from '../vit/geometry.ts';
import { joinedParams } from '../vit/joined-params.ts';
import { paramShapes } from '../vit/params.ts';
import { fixedPositions } from '../vit/positions.ts';
import type { ViTConfig } from '../weights/architecture.ts';
import { initialViT, mimeticViT } from './initialise-vit.ts';
import { patchesKept } from './patches-kept.ts';
import type { Random } from './random.ts';
import type { Ability, Pass, Trainable } from './trainable.ts';

/** A Vision Transformer for training, with the first values that timm gives it. */
export function trainableViT(config: ViTConfig): Trainable {
  const { Gh, Gw, numPatches, patchDim } = geometryOf(config);
  const shapes = paramShapes(config);
  const owned: Tensor[] = [];
  const own = <T extends Tensor>(made: T): T => {
    owned.push(made);
    return made;
  };
  const fixed = fixedPositions(config);
  const rest = {
    fixedPositions: fixed && own(tensor3d(fixed.data, [1, fixed.shape[1] ?? 0, config.dim])),
    attention: attentionForm(config, own),
  };
  return {
    shapes,
    runningShapes: new Map(),
    layout: { kind: 'patches', patchSize: config.patchSize },
    inputShape: (batchSize) => [batchSize, numPatches, patchDim],
    initial: (random, how) => (how === 'mimetic' ? mimeticViT(config, random) : initialViT(config, random)),
    depthOf: (name) => depthOf(name, config.depth),
    numDepths: config.depth + 2,
    isHead: (name) => /^(?:head|distillationHead)\./.test(name),
    abilities: abilitiesOf(config, rest.attention !== undefined),
    tokens: { dim: config.dim, numBlocks: config.depth, grid: [Gh, Gw] },
    forward: (parameters, inputs, pass) => {
      const params = joinedParams<Tensor, Tensor>(config, rest.attention, {
        part: parameters,
        join: (parts) => concat([...parts], -1),
        place: (whole) => whole,
      });
      const vit = { config, params, ...rest };
      const patches = reshape<Rank.R3>(inputs, [-1, numPatches, patchDim]);
      if (!pass.training) return { logits: forward(vit, patches) };
      const batchSize = inputs.shape[0] ?? 0;
      const training = { ...vit, branchFactors: branchFactors(config, batchSize, pass) };
      const kept = keptPatches(numPatches, batchSize, pass);
      const { features, ...heads } =
        kept === undefined
          ? forwardHeads(training, patches, pass.shown)
          : forwardHeads({ ...training, keptPatches: kept.places }, patchesKept(patches, kept.rows), pass.shown);
      return { ...heads, features: features && { values: features, rows: kept?.rows } };
    },
    dispose: () => {
      for (const made of owned) made.dispose();
    },
  };
}

function depthOf(name: string, depth: number): number {
  const block = /^blocks\.(\d+)\./.exec(name)?.[1];
  if (block !== undefined) return Number(block) + 1;
  return /^(?:norm|head|distillationHead)\./.test(name) ? depth + 1 : 0;
}

/** For each block the factors [B, 1, 1] of its two branches: zero, or what keeps their mean. */
function branchFactors(
  { depth }: ViTConfig,
  batchSize: number,
  { stochasticDepth, random }: Extract<Pass, { training: true }>,
): readonly BranchFactors[] | undefined {
  if (stochasticDepth === 0) return undefined;
  return Array.from({ length: depth }, (_, block) => {
    const dropped = depth === 1 ? stochasticDepth : (stochasticDepth * block) / (depth - 1);
    return { attention: keepFactors(batchSize, dropped, random), mlp: keepFactors(batchSize, dropped, random) };
  });
}

function keepFactors(batchSize: number, dropped: number, random: Random): Tensor3D | undefined {
  if (dropped === 0) return undefined;
  const factors = Array.from({ length: batchSize }, () => (random.uniform() < dropped ? 0 : 1 / (1 - dropped)));
  return tensor3d(factors, [batchSize, 1, 1]);
}

/** Patches can be left out where what is between them does not matter but by learned or fixed positions. */
function abilitiesOf(config: ViTConfig, hasForm: boolean): ReadonlySet<Ability> {
  const abilities = new Set<Ability>(['stochasticDepth']);
  if (config.stem === undefined && !hasForm) abilities.add('patchDrop');
  if (config.attention?.qkv !== 'fused' && config.dim % 4 === 0) abilities.add('mimetic');
  return abilities;
}

interface Kept {
  /** In the grid of their image. */
  readonly places: KeptPatches;
  /** In all the patches of the batch, int32 [B·n]. */
  readonly rows: Tensor1D;
}

/** Of each image other patches, in the order of the grid. */
function keptPatches(
  numPatches: number,
  batchSize: number,
  { patchDrop, random }: Extract<Pass, { training: true }>,
): Kept | undefined {
  if (patchDrop === 0) return undefined;
  const perImage = Math.max(1, Math.round(numPatches * (1 - patchDrop)));
  const places = new Int32Array(batchSize * perImage);
  for (let image = 0; image < batchSize; image += 1) {
    places.set(
      permutation(numPatches, random)
        .slice(0, perImage)
        .toSorted((a, b) => a - b),
      image * perImage,
    );
  }
  const rows = places.map((place, i) => numPatches * Math.floor(i / perImage) + place);
  return { places: { perImage, indices: tensor1d(places, 'int32') }, rows: tensor1d(rows, 'int32') };
}
