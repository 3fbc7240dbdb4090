import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';

import { add, mean, mul, relu, reshape, rsqrt, square, step, sub, sum, tidy, util } from '../tfjs.ts';
import { ShapeError } from '../../errors.ts';
import { dims } from '../dims.ts';
import { defineOp, runOp } from '../op.ts';

export interface BatchNormAttrs {
  readonly epsilon: number;
  /** Whether a ReLU follows. */
  readonly rectifies: boolean;
}

export interface BatchNormOptions<T> extends BatchNormAttrs {
  /** What a residual block adds before the ReLU. */
  readonly skip?: T | undefined;
}

export interface NormalisedBatch<T> {
  readonly output: T;
  /** Of the batch [C]; no gradient is meant to flow through them. The variance is the biased one. */
  readonly mean: Tensor1D;
  readonly variance: Tensor1D;
}

/**
 * (x − μ) / √(σ² + ε) · scale + bias, each channel, which is the last axis, over all the others (Ioffe & Szegedy 2015,
 * algorithm 1), and what follows it in a residual network: [..., C] → [..., C].
 *
 * @throws ShapeError when scale or bias is not [C], or the skip not as x.
 */
export function batchNormOfBatch<T extends Tensor>(
  x: T,
  scale: Tensor,
  bias: Tensor,
  { skip, ...attrs }: BatchNormOptions<T>,
): NormalisedBatch<T> {
  const C = x.shape.at(-1) ?? 0;
  dims('batchNorm scale', scale, 'C', { C });
  dims('batchNorm bias', bias, 'C', { C });
  if (skip !== undefined && !util.arraysEqual(skip.shape, x.shape)) {
    throw new ShapeError(`batchNorm skip: expected [${x.shape.join(', ')}], got [${skip.shape.join(', ')}]`);
  }
  const inputs = skip === undefined ? [x, scale, bias] : [x, scale, bias, skip];
  const [output, mu, variance] = runOp(BATCH_NORM, inputs, attrs);
  // Three outputs, the first with the input's shape.
  return { output: output as T, mean: mu as Tensor1D, variance: variance as Tensor1D };
}

export const BATCH_NORM = defineOp<BatchNormAttrs>({
  name: 'PatchlensBatchNorm',
  compose: ([x, scale, bias, skip], { epsilon, rectifies }) => {
    const { normal, mu, variance } = standardised(x!, epsilon);
    const moved = following(normal, [scale!, bias!, skip]);
    return [reshape(rectifies ? relu(moved) : moved, x!.shape), mu, variance];
  },
  gradient: ([dy], inputs, attrs) => {
    const gradients = runOp(BATCH_NORM_GRADIENT, [dy!, ...inputs], attrs);
    return gradients.map((gradient) => () => gradient);
  },
});

/** From dy, x, scale, bias and perhaps the skip the gradients of all but the first. */
export const BATCH_NORM_GRADIENT = defineOp<BatchNormAttrs>({
  name: 'PatchlensBatchNormGradient',
  compose: ([dy, x, scale, bias, skip], { epsilon, rectifies }) => {
    const { normal, inverseDeviation } = standardised(x!, epsilon);
    const flat = reshape(dy!, normal.shape);
    const g = rectifies ? mul(flat, step(following(normal, [scale!, bias!, skip]))) : flat;
    const [dScale, dBias] = [sum(mul(g, normal), 0), sum(g, 0)];
    const shared = mul(add(dBias, mul(normal, dScale)), 1 / (normal.shape[0] ?? 1));
    const dx = mul(sub(g, shared), mul(scale!, inverseDeviation));
    return [reshape(dx, x!.shape), dScale, dBias, ...(skip === undefined ? [] : [reshape(g, x!.shape)])];
  },
});

interface Standardised {
  /** [M, C], for all the positions M. */
  readonly normal: Tensor;
  readonly inverseDeviation: Tensor;
  readonly mu: Tensor;
  readonly variance: Tensor;
}

function standardised(x: Tensor, epsilon: number): Standardised {
  return tidy(() => {
    const flat = reshape(x, [-1, x.shape.at(-1) ?? 0]);
    const mu = mean(flat, 0);
    const centred = sub(flat, mu);
    const variance = mean(square(centred), 0);
    const inverseDeviation = rsqrt(add(variance, epsilon));
    return { normal: mul(centred, inverseDeviation), inverseDeviation, mu, variance };
  });
}

/** What the ReLU sees [M, C]. */
function following(normal: Tensor, [scale, bias, skip]: readonly [Tensor, Tensor, Tensor | undefined]): Tensor {
  const moved = add(mul(normal, scale), bias);
  return skip === undefined ? moved : add(moved, reshape(skip, normal.shape));
}
