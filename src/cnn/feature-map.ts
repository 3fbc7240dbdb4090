import { normOf, product } from '../metrics/cost.ts';
import type { CostedStep } from '../metrics/cost.ts';

/** The sizes of one image's features. */
export interface FeatureMap {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export interface ConvolutionSizes {
  /** Of the square kernel. */
  readonly side: number;
  /** Default 1. */
  readonly stride?: number;
  /** That it gives. */
  readonly channels: number;
  readonly depthwise?: boolean;
  /** Whether zeros lie around the image so that ⌈size / stride⌉ outputs come; default true. */
  readonly padded?: boolean;
  /** Of what it gives. */
  readonly norm?: 'batchNorm' | 'layerNorm';
}

/** Follows features through convolutions: each call puts down what one costs and returns what it gives. */
export function convolutionsInto(steps: CostedStep[]): (x: FeatureMap, sizes: ConvolutionSizes) => FeatureMap {
  return (x, { side, stride = 1, channels, depthwise = false, padded = true, norm }) => {
    const reach = padded ? 1 : side;
    const output = {
      height: Math.floor((x.height - reach) / stride) + 1,
      width: Math.floor((x.width - reach) / stride) + 1,
      channels,
    };
    steps.push(product(valuesOf(output), side * side * (depthwise ? 1 : x.channels)));
    if (norm !== undefined) steps.push(normOf(norm, valuesOf(output)));
    return output;
  };
}

export function valuesOf({ height, width, channels }: FeatureMap): number {
  return height * width * channels;
}
