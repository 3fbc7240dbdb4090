import { costOf, normOf, product } from '../metrics/cost.ts';
import type { Cost, CostedStep } from '../metrics/cost.ts';
import type { ViTConfig } from '../weights/architecture.ts';
import { geometryOf } from './geometry.ts';

/**
 * What one image costs a Vision Transformer: 1,253,683,200 multiply-adds for ViT-Ti/16 and 17,563,828,224 for ViT-B/16.
 * Undefined for a network with a stem or with another attention than every token's to every other, which no published
 * formula is about.
 *
 * @throws ArgumentError where the patches do not fit the image.
 */
export function vitCost(config: ViTConfig): Cost | undefined {
  const { attention, stem, dim: D, depth, inputNorm, pooling, numClasses } = config;
  const isPlain = attention === undefined || (attention.mechanism === 'scaled-dot' && attention.reach.kind === 'all');
  if (!isPlain || stem !== undefined) return undefined;
  const { numPatches, numTokens: N, patchDim } = geometryOf(config);
  const block = blockSteps(config, N);
  const headDim = pooling.kind === 'class-token-and-mean' ? 2 * D : D;
  const normsOne = pooling.kind === 'mean' && pooling.norm === 'after';
  return costOf([
    product(numPatches * D, patchDim),
    ...(inputNorm ? [normOf('layerNorm', N * D)] : []),
    ...Array.from({ length: depth }, () => block).flat(),
    normOf('layerNorm', normsOne ? D : N * D),
    product(pooling.kind === 'distilled' ? 2 * numClasses : numClasses, headDim),
  ]);
}

/** 3ND² + 2N²D + ND² + 2N·D·hidden, and the norms. */
function blockSteps({ dim: D, numHeads: H, mlp, qkNorm }: ViTConfig, N: number): CostedStep[] {
  const { hiddenDim } = mlp;
  return [
    normOf('layerNorm', N * D),
    product(3 * N * D, D), // queries, keys and values
    ...(qkNorm ? [normOf('layerNorm', 2 * N * D)] : []),
    product(H * N * N, D / H), // scores
    product(N * D, N), // weighted sums
    product(N * D, D), // output of the attention
    normOf('layerNorm', N * D),
    product((mlp.kind === 'swiglu' ? 2 : 1) * N * hiddenDim, D),
    product(N * D, hiddenDim),
  ];
}
