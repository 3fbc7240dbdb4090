import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import { add, keep, tidy } from '../tensor/tfjs.ts';
import { batchNorm, batchNormTraining } from '../nn/batch-norm.ts';
import type { BatchNormParams, BatchNormTrainingOptions } from '../nn/batch-norm.ts';
import { convolve } from '../nn/convolution.ts';
import type { ConvolutionOptions, ConvolutionParams } from '../nn/convolution.ts';
import { rectified } from '../tensor/ops/convolution-with-skip.ts';

/** A convolution without bias and the batch norm of what it gives. */
export interface ConvNormParams<T = Tensor> {
  /** [k, k, in, out]; of a depthwise convolution [k, k, C, 1]. */
  readonly kernel: T;
  readonly norm: BatchNormParams<T>;
}

/**
 * Runs a convolution with its norm and activation. The same network is run in three ways that differ in nothing else:
 * folded (`Unit` is a convolution with bias), with running statistics, and with those of the batch.
 */
export type RunConvNorm<Unit> = (x: Tensor4D, unit: Unit, options: ConvNormOptions) => Tensor4D;

interface ConvNormOptions extends ConvolutionOptions {
  /** The unit's place in the tree of parameters. */
  readonly name: string;
}

/** The norm is part of the convolution already. */
export const runFolded: RunConvNorm<ConvolutionParams> = convolve;

/** The norm with its running statistics: what a network in training is evaluated with. */
export function runWithRunningStatistics(epsilon: number): RunConvNorm<ConvNormParams> {
  return (x, { kernel, norm }, options) =>
    tidy(() => activated(batchNorm(convolve(x, { kernel }, linear(options)), norm, epsilon), options));
}

/** The running statistics after a training pass, by the names of the parameters that they replace. */
export type RunningStatistics = Record<string, Tensor>;

/** The norm with the statistics of the batch; the new running ones are kept in `running`, the caller's to dispose of. */
export function runWithBatchStatistics(
  options: BatchNormTrainingOptions,
  running: RunningStatistics,
): RunConvNorm<ConvNormParams> {
  return (x, { kernel, norm }, place) =>
    tidy(() => {
      const rectifies = place.activation === 'relu';
      const skip = rectifies ? place.skip : undefined;
      const convolved = convolve(x, { kernel }, linear(place));
      const { output, mean, variance } = batchNormTraining(convolved, norm, { ...options, rectifies, skip });
      running[`${place.name}.norm.mean`] = keep(mean);
      running[`${place.name}.norm.variance`] = keep(variance);
      return rectifies ? output : activated(output, place);
    });
}

/** The convolution alone. */
function linear(options: ConvNormOptions): ConvolutionOptions {
  return { ...options, activation: 'linear', skip: undefined };
}

function activated(x: Tensor4D, { skip, activation = 'linear' }: ConvNormOptions): Tensor4D {
  return rectified(skip === undefined ? x : add<Tensor4D>(x, skip), activation);
}
