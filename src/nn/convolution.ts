import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import { conv2d, fused } from '../tensor/tfjs.ts';
import { dims } from '../tensor/dims.ts';
import { convolutionWithSkip } from '../tensor/ops/convolution-with-skip.ts';
import type { Rectifier } from '../tensor/ops/convolution-with-skip.ts';
import { ranked } from '../tensor/ranked.ts';

export interface ConvolutionParams<T = Tensor> {
  /** [k, k, in, out]; of a depthwise convolution [k, k, C, 1]. */
  readonly kernel: T;
  /** [out] */
  readonly bias?: T | undefined;
}

export interface BiasedConvolutionParams<T = Tensor> extends ConvolutionParams<T> {
  readonly bias: T;
}

/**
 * What lies beyond the border is zero. `symmetric`: as many pixels on each side, half of the kernel rounded down (torch's
 * `padding=k // 2`). `same`: as many as make ⌈size / stride⌉ outputs, an odd one at the end (TensorFlow's `SAME`). `none`:
 * the filters stay inside, and pixels that fill no stride are left out.
 */
export type Padding = 'symmetric' | 'same' | 'none';

export interface ConvolutionOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Default `symmetric`. */
  readonly padding?: Padding;
  /** Whether each channel has a filter of its own and stays by itself. */
  readonly depthwise?: boolean;
  /** Default `linear`. */
  readonly activation?: Rectifier;
  /** As the output; added before the activation. Not of a depthwise convolution. */
  readonly skip?: Tensor4D | undefined;
}

/** Cross-correlation with square filters: [B, H, W, in] → [B, ⌈H / stride⌉, ⌈W / stride⌉, out] for odd kernels, padded. */
export function convolve(x: Tensor4D, { kernel, bias }: ConvolutionParams, options: ConvolutionOptions = {}): Tensor4D {
  const { stride = 1, padding = 'symmetric', depthwise = false, activation = 'linear', skip } = options;
  const { k, C } = dims('convolution kernel', kernel, 'k k2 C out');
  dims('convolution input', x, 'B H W C', { C });
  const filter = ranked('convolution kernel', kernel, 4);
  const pad = padOf(padding, k, stride);
  // The gradients of fused operations are all computed, of this one only those that are asked for: of a first convolution not
  // that by the image.
  const isPlain = bias === undefined && skip === undefined && activation === 'linear' && !depthwise;
  if (isPlain) return conv2d(x, filter, stride, pad);
  const shared = { strides: stride, pad, activation, ...(bias && { bias }) };
  if (depthwise) return fused.depthwiseConv2d({ x, filter, ...shared });
  return skip === undefined ? fused.conv2d({ x, filter, ...shared }) : convolutionWithSkip(x, filter, skip, shared);
}

/** tfjs's word for it. With stride 1 and an odd kernel both paddings are the same, and `same` is what every backend has. */
export function padOf(padding: Padding, k: number, stride: number): 'same' | 'valid' | number {
  if (padding === 'none') return 'valid';
  if (padding === 'same' || (stride === 1 && k % 2 === 1)) return 'same';
  const beyond = Math.floor(k / 2);
  return beyond === 0 ? 'valid' : beyond;
}
