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

/** The convolutional architectures that patchlens has; `kind` tells them apart. */
export type CnnConfig = ResNetConfig;
