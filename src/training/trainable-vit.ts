import { reshape, tensor3d } from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import type { BranchFactors } from '../nn/encoder-block.ts';
import { attentionForm } from '../vit/attention-form.ts';
import { forward, forwardHeads } from '../vit/forward.ts';
import { geometryOf } from '../vit/geometry.ts';
import { paramShapes, vitParams } from '../vit/params.ts';
import { fixedPositions } from '../vit/positions.ts';
import type { ViTConfig } from '../weights/architecture.ts';
import type { Random } from './random.ts';
import type { Pass, Trainable } from './trainable.ts';

/** A Vision Transformer for training, with the first values that timm gives it. */
export function trainableViT(config: ViTConfig): Trainable {
  const { numPatches, patchDim } = geometryOf(config);
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
    initial: (random) => new Map([...shapes].map(([name, shape]) => [name, initialValues(name, shape, random)])),
    depthOf: (name) => depthOf(name, config.depth),
    numDepths: config.depth + 2,
    isHead: (name) => /^(?:head|distillationHead)\./.test(name),
    dropsBranches: true,
    forward: (parameters, inputs, pass) => {
      const vit = { config, params: vitParams(config, parameters), ...rest };
      const patches = reshape<Rank.R3>(inputs, [-1, numPatches, patchDim]);
      if (!pass.training) return { logits: forward(vit, patches) };
      return forwardHeads({ ...vit, branchFactors: branchFactors(config, inputs.shape[0] ?? 0, pass) }, patches);
    },
    dispose: () => {
      for (const made of owned) made.dispose();
    },
  };
}

const DEVIATION = 0.02;
const CLASS_TOKEN_DEVIATION = 1e-6;
/** CaiT's, for shallow networks (Touvron et al. 2021). */
const LAYER_SCALE = 0.1;

/** timm's `VisionTransformer.init_weights`: truncated normal matrices, zero biases, norms that change nothing. */
function initialValues(name: string, shape: readonly number[], random: Random): Float32Array {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (name.endsWith('.bias')) return values;
  if (name.endsWith('.scale')) return values.fill(1);
  if (/\.scale[12]$/.test(name)) return values.fill(LAYER_SCALE);
  const deviation = /^(?:classToken|distillationToken|registers)$/.test(name) ? CLASS_TOKEN_DEVIATION : DEVIATION;
  return values.map(() => deviation * truncatedNormal(random));
}

/** Standard normal within ±2. */
function truncatedNormal(random: Random): number {
  for (;;) {
    const value = random.normal();
    if (Math.abs(value) <= 2) return value;
  }
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
