import type { ViTConfig } from '../weights/architecture.ts';

/** Width, depth, heads and MLP width of the published sizes (Dosovitskiy et al. 2021, table 1; DeiT for Ti and S). */
export const SIZES = {
  Ti: { dim: 192, depth: 12, numHeads: 3, mlpDim: 768 },
  S: { dim: 384, depth: 12, numHeads: 6, mlpDim: 1536 },
  B: { dim: 768, depth: 12, numHeads: 12, mlpDim: 3072 },
  L: { dim: 1024, depth: 24, numHeads: 16, mlpDim: 4096 },
  H: { dim: 1280, depth: 32, numHeads: 16, mlpDim: 5120 },
} as const;

export type SizeName = keyof typeof SIZES;

/** A standard ViT with class token and learned positions at 224 pixels and 1,000 classes: `variant('B', 16)` is ViT-B/16. */
export function variant(size: SizeName, patchSize: number, changes: Partial<ViTConfig> = {}): ViTConfig {
  const { mlpDim, ...dims } = SIZES[size];
  return {
    kind: 'vit',
    ...dims,
    imageSize: { height: 224, width: 224 },
    patchSize,
    numChannels: 3,
    numClasses: 1000,
    patchBias: true,
    mlp: { kind: 'plain', hiddenDim: mlpDim, activation: 'gelu' },
    epsilon: 1e-6,
    qkvBias: true,
    qkNorm: false,
    layerScale: false,
    inputNorm: false,
    prefix: { classToken: true, distillationToken: false, numRegisters: 0 },
    positions: { kind: 'learned', numPrefix: 1, resample: 'bicubic-antialias' },
    pooling: { kind: 'class-token' },
    ...changes,
  };
}
