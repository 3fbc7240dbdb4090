import type { ResNetConfig } from '../weights/cnn-architecture.ts';

/** Blocks of each stage of the published sizes (He et al. 2016, table 1). */
export const RESNET_DEPTHS = {
  18: { block: 'basic', depths: [2, 2, 2, 2] },
  34: { block: 'basic', depths: [3, 4, 6, 3] },
  50: { block: 'bottleneck', depths: [3, 4, 6, 3] },
  101: { block: 'bottleneck', depths: [3, 4, 23, 3] },
  152: { block: 'bottleneck', depths: [3, 8, 36, 3] },
} as const;

/** Channels that a bottleneck gives for each of its 3×3 convolution's. */
const EXPANSION = 4;

/** ResNet-18, -34, … for ImageNet. */
export function resNetVariant(size: keyof typeof RESNET_DEPTHS, numClasses = 1000): ResNetConfig {
  const { block, depths } = RESNET_DEPTHS[size];
  return {
    kind: 'resnet',
    numChannels: 3,
    numClasses,
    stem: { width: 64, kernelSize: 7, stride: 2, maxPool: true },
    block,
    bottleneckStride: 'middle',
    downsample: 'stride',
    stages: depths.map((depth, i) => {
      const width = 64 * 2 ** i;
      return { depth, width, outWidth: block === 'basic' ? width : EXPANSION * width, stride: usualStride(i) };
    }),
    epsilon: 1e-5,
  };
}

/** Of the i-th stage. */
function usualStride(stage: number): number {
  return stage === 0 ? 1 : 2;
}

export interface SmallResNet {
  /** Blocks of each stage: ResNet-20 has 3, 3, 3. */
  readonly depths: readonly number[];
  /** Channels of each stage: 16, 32, 64. */
  readonly widths: readonly number[];
  readonly numClasses: number;
  /** Default `stride`. */
  readonly downsample?: ResNetConfig['downsample'] | undefined;
  /** By how much the first block of each stage divides height and width; default 1 of the first, 2 of the others. */
  readonly strides?: readonly number[] | undefined;
}

/**
 * For images of some 32 pixels (He et al. 2016, section 4.2): a 3×3 stem of stride 1, no max pool, basic blocks. The
 * shortcuts are projections, as in torchvision and timm, where the paper pads with zeros.
 */
export function smallResNet({ depths, widths, numClasses, downsample = 'stride', strides }: SmallResNet): ResNetConfig {
  const stages = depths.map((depth, i) => {
    const width = widths[i] ?? widths.at(-1) ?? 0;
    return { depth, width, outWidth: width, stride: strides?.[i] ?? usualStride(i) };
  });
  return {
    kind: 'resnet',
    numChannels: 3,
    numClasses,
    stem: { width: widths[0] ?? 0, kernelSize: 3, stride: 1, maxPool: false },
    block: 'basic',
    bottleneckStride: 'middle',
    downsample,
    stages,
    epsilon: 1e-5,
  };
}
