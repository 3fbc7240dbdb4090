/**
 * What a ResNet checkpoint says of its own shape (He et al. 2016). A family reader makes it from the checkpoint's
 * configuration and tensor names; `cnn/resnet` builds the network from it.
 */
export interface ResNetConfig {
  readonly kind: 'resnet';
  readonly numChannels: number;
  readonly numClasses: number;
  readonly stem: ResNetStem;
  /** `basic`: two 3×3 convolutions; `bottleneck`: 1×1, 3×3, 1×1. */
  readonly block: 'basic' | 'bottleneck';
  /** Which convolution of a bottleneck strides: the 3×3 («v1.5», every published checkpoint) or the first 1×1 (the paper). */
  readonly bottleneckStride: 'middle' | 'first';
  /**
   * How the first block of a stage divides height and width by its stride: the convolution and the shortcut stride, or the
   * convolution keeps the size and a max pool follows it, of squares as wide as the stride, and precedes the shortcut's.
   */
  readonly downsample: 'stride' | 'max-pool';
  readonly stages: readonly ResNetStage[];
  /** ε of every batch norm. */
  readonly epsilon: number;
}

export interface ResNetStem {
  readonly width: number;
  /** Of the one square convolution, padded by half of it; 7 for ImageNet, 3 for 32-pixel images. */
  readonly kernelSize: number;
  readonly stride: number;
  /** Whether a 3×3 max pool of stride 2 follows. */
  readonly maxPool: boolean;
}

/** The largest stride of a stage that is taken for one. */
export const MOST_STRIDE = 4;

/** Of the i-th stage of a published ResNet. */
export function usualStride(stage: number): number {
  return stage === 0 ? 1 : 2;
}

export interface ResNetStage {
  /** Number of blocks. */
  readonly depth: number;
  /** Channels of the 3×3 convolutions. */
  readonly width: number;
  /** Channels that each block gives: `width`, or in bottlenecks usually four times as many. */
  readonly outWidth: number;
  /** Of the first block; the others keep the size. */
  readonly stride: number;
}

/** What a MobileNetV2 checkpoint says of its own shape (Sandler et al. 2018). */
export interface MobileNetV2Config {
  readonly kind: 'mobilenet-v2';
  readonly numChannels: number;
  readonly numClasses: number;
  /** Channels of the first convolution, 3×3 of stride 2. */
  readonly stemWidth: number;
  readonly blocks: readonly InvertedResidual[];
  /** Channels of the last convolution, 1×1. */
  readonly lastWidth: number;
  /** Where the zeros go around an image: the same on both sides (torch), or TensorFlow's `SAME`. */
  readonly padding: 'symmetric' | 'same';
  /** ε of every batch norm. */
  readonly epsilon: number;
}

export interface InvertedResidual {
  /** Channels of the depthwise convolution. */
  readonly hidden: number;
  /** Channels that it gives. */
  readonly width: number;
  readonly stride: number;
  /** Whether a 1×1 convolution expands the channels first. */
  readonly expands: boolean;
  /** Whether its input is added to its output. */
  readonly residual: boolean;
}

/** What a ConvNeXt checkpoint says of its own shape (Liu et al. 2022). */
export interface ConvNeXtConfig {
  readonly kind: 'convnext';
  readonly numChannels: number;
  readonly numClasses: number;
  /** Side and stride of the first convolution, in pixels. */
  readonly patchSize: number;
  /** Side of the depthwise convolutions. */
  readonly kernelSize: number;
  readonly stages: readonly ConvNeXtStage[];
  /** Whether each branch is multiplied, channel by channel, before it is added. */
  readonly layerScale: boolean;
  /** ε of every layer norm. */
  readonly epsilon: number;
}

export interface ConvNeXtStage {
  /** Number of blocks. */
  readonly depth: number;
  readonly width: number;
  /** Columns in the middle of each block's MLP. */
  readonly hiddenDim: number;
}

/** The convolutional architectures that patchlens has; `kind` tells them apart. */
export type CnnConfig = ResNetConfig | MobileNetV2Config | ConvNeXtConfig;
