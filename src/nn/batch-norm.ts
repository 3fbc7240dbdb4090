import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';

import { add, batchNorm as tfBatchNorm, mul, tidy } from '../tensor/tfjs.ts';
import { dims } from '../tensor/dims.ts';
import { batchNormOfBatch } from '../tensor/ops/batch-norm-training.ts';
import { ranked } from '../tensor/ranked.ts';

export interface BatchNormParams<T = Tensor> {
  /** γ [C] */
  readonly scale: T;
  /** β [C] */
  readonly bias: T;
  /** Running mean [C]: of what the network saw in training; not trained. */
  readonly mean: T;
  /** Running variance [C]. */
  readonly variance: T;
}

/** (x − μ) / √(σ² + ε) · γ + β, with the running statistics, each channel by itself: [B, H, W, C] → the same. */
export function batchNorm(x: Tensor4D, params: BatchNormParams, epsilon: number): Tensor4D {
  const { scale, bias, mean: mu, variance } = channels(x, params);
  return tfBatchNorm(x, mu, variance, bias, scale, epsilon);
}

export interface BatchNormTrainingOptions {
  readonly epsilon: number;
  /** Share of the batch in the new running statistics. */
  readonly momentum: number;
  /** Whether a ReLU follows. */
  readonly rectifies?: boolean | undefined;
  /** What is added before it. */
  readonly skip?: Tensor4D | undefined;
}

export interface BatchNormTraining {
  readonly output: Tensor4D;
  /** The new running mean and variance [C]; no gradient is meant to flow through them. */
  readonly mean: Tensor1D;
  readonly variance: Tensor1D;
}

/**
 * Batch norm with the statistics of the batch itself (Ioffe & Szegedy 2015, algorithm 1), differentiable through them:
 * [B, H, W, C] → the same, and the running statistics moved towards the batch's, as torch moves them: the variance that
 * normalises is biased, the one that is remembered is not.
 */
export function batchNormTraining(
  x: Tensor4D,
  params: BatchNormParams,
  { epsilon, momentum, rectifies = false, skip }: BatchNormTrainingOptions,
): BatchNormTraining {
  const { scale, bias, mean: runningMean, variance: runningVariance } = channels(x, params);
  const count = x.size / scale.size;
  return tidy(() => {
    const batch = batchNormOfBatch(x, scale, bias, { epsilon, rectifies, skip });
    const unbiased = mul<Tensor1D>(batch.variance, count / Math.max(1, count - 1));
    return {
      output: batch.output,
      mean: moved(runningMean, batch.mean, momentum),
      variance: moved(runningVariance, unbiased, momentum),
    };
  });
}

function moved(running: Tensor1D, batch: Tensor1D, momentum: number): Tensor1D {
  return add(mul(running, 1 - momentum), mul(batch, momentum));
}

function channels(x: Tensor4D, { scale, bias, mean: mu, variance }: BatchNormParams): BatchNormParams<Tensor1D> {
  const C = x.shape[3];
  const vector = (name: string, tensor: Tensor): Tensor1D => {
    dims(name, tensor, 'C', { C });
    return ranked(name, tensor, 1);
  };
  return {
    scale: vector('batchNorm scale', scale),
    bias: vector('batchNorm bias', bias),
    mean: vector('batchNorm mean', mu),
    variance: vector('batchNorm variance', variance),
  };
}
