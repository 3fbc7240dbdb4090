import { variant } from '../../src/vit/variants.ts';
import type { ViTConfig } from '../../src/weights/architecture.ts';
import type { ConvNeXtConfig, MobileNetV2Config } from '../../src/weights/cnn-architecture.ts';

/** A published Vision Transformer as parameter-counts.json lists it. */
export interface CountedViT {
  readonly numParameters: number;
  readonly imageSize: number;
  readonly patchSize: number;
  readonly dim: number;
  readonly depth: number;
  readonly numHeads: number;
  readonly mlpDim: number;
  readonly numTokens: number;
}

/** What a published name says beyond the sizes. */
export function vitOf(name: string, counted: CountedViT): ViTConfig {
  const { imageSize, patchSize, mlpDim, dim, depth, numHeads } = counted;
  const is = (pattern: RegExp): boolean => pattern.test(name);
  const distilled = is(/distilled/);
  // transformers keeps DeiT's distillation token where no head reads it.
  const distillationToken = distilled || is(/^deit-base$/);
  const classToken = !is(/gap/);
  const numRegisters = is(/reg4|registers/) ? 4 : 0;
  const numPrefix = is(/reg4|deit3|gap/) ? 0 : distillationToken ? 2 : 1;
  const transformersDino = is(/^dinov2/);
  return variant('B', patchSize, {
    imageSize: { height: imageSize, width: imageSize },
    dim,
    depth,
    numHeads,
    mlp: is(/giant.*dinov2|dinov2.*giant/)
      ? { kind: 'swiglu', hiddenDim: mlpDim }
      : { kind: 'plain', hiddenDim: mlpDim, activation: 'gelu' },
    prefix: { classToken, distillationToken, numRegisters },
    positions: { kind: 'learned', numPrefix, resample: 'bicubic' },
    layerScale: is(/deit3|dinov2|medium_patch16_gap|(?:little|medium|betwixt)_patch16_reg4_gap/),
    qkvBias: !is(/medium_patch16_gap/),
    inputNorm: is(/clip/),
    patchBias: !is(/clip/),
    pooling: poolingOf({ distilled, classToken, transformersDino }),
  });
}

function poolingOf(is: { distilled: boolean; classToken: boolean; transformersDino: boolean }): ViTConfig['pooling'] {
  if (is.distilled) return { kind: 'distilled' };
  if (is.transformersDino) return { kind: 'class-token-and-mean' };
  return is.classToken ? { kind: 'class-token' } : { kind: 'mean', norm: 'after' };
}

/** Expansion, channels, blocks and stride of each stage (Sandler et al. 2018, table 2). */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** MobileNetV2 (its table 2) with its channels multiplied and rounded to eights. */
export function mobileNetV2Of(multiplier: number): MobileNetV2Config {
  const rounded = (width: number): number => 8 * Math.round((width * multiplier) / 8);
  let from = rounded(32);
  const blocks = STAGES.flatMap(([expansion, channels, depth, stride]) =>
    Array.from({ length: depth }, (_, i) => {
      const width = rounded(channels);
      const block = {
        hidden: expansion * from,
        width,
        stride: i === 0 ? stride : 1,
        expands: expansion > 1,
        residual: i > 0,
      };
      from = width;
      return block;
    }),
  );
  return {
    kind: 'mobilenet-v2',
    numChannels: 3,
    numClasses: 1000,
    stemWidth: rounded(32),
    blocks,
    lastWidth: Math.max(1280, rounded(1280)),
    padding: 'symmetric',
    epsilon: 1e-5,
  };
}

/** ConvNeXt of 96, 192, 384 and 768 channels: [3, 3, 9, 3] is ConvNeXt-T. */
export function convNeXtOf(depths: readonly number[]): ConvNeXtConfig {
  return {
    kind: 'convnext',
    numChannels: 3,
    numClasses: 1000,
    patchSize: 4,
    kernelSize: 7,
    stages: depths.map((depth, i) => ({ depth, width: 96 * 2 ** i, hiddenDim: 4 * 96 * 2 ** i })),
    layerScale: true,
    epsilon: 1e-6,
  };
}
