import type { BatchNormParams } from '../nn/batch-norm.ts';
import type { BiasedConvolutionParams } from '../nn/convolution.ts';
import type { NamedArray } from '../weights/arrays.ts';
import type { ConvNormParams } from './conv-norm.ts';

/**
 * One convolution with bias that computes a convolution and its batch norm with running statistics:
 * w′ = w·γ / √(σ² + ε), b′ = β − μ·γ / √(σ² + ε). In double precision, because small variances make large factors.
 */
export function fold(
  { kernel, norm }: ConvNormParams<NamedArray>,
  epsilon: number,
): BiasedConvolutionParams<NamedArray> {
  const factors = Float64Array.from(norm.scale.data, (scale, c) => scale / Math.sqrt(norm.variance.data[c]! + epsilon));
  const C = factors.length;
  // The output channel is the last axis, or in a depthwise kernel the last but one before an axis of length one.
  const folded = Float32Array.from(kernel.data, (weight, i) => weight * factors[i % C]!);
  return { kernel: { shape: kernel.shape, data: folded }, bias: biasOf(norm, factors) };
}

function biasOf({ bias, mean }: BatchNormParams<NamedArray>, factors: Float64Array): NamedArray {
  return { shape: bias.shape, data: Float32Array.from(bias.data, (b, c) => b - mean.data[c]! * factors[c]!) };
}
