import type { Scalar, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

import {
  add,
  argMax,
  logSoftmax,
  mean,
  mul,
  neg,
  oneHot,
  reshape,
  softmax,
  square,
  sub,
  sum,
  tidy,
} from '../tensor/tfjs.ts';
import { patchesKept } from './patches-kept.ts';
import type { Outputs, PatchFeatures } from './trainable.ts';

/** How a teacher's logits enter the loss. */
export type Distillation =
  /** The divergence from the teacher's softened probabilities (Hinton et al. 2015). */
  | { readonly kind: 'soft'; readonly weight: number; readonly temperature: number }
  /** Cross-entropy against the teacher's own choice (DeiT, Touvron et al. 2021). */
  | { readonly kind: 'hard'; readonly weight: number };

/** −Σ target · log softmax(logits), mean over the batch: [B, classes] both. */
function crossEntropy(logits: Tensor2D, targets: Tensor2D): Scalar {
  return tidy(() => neg(mean(sum(mul(targets, logSoftmax(logits)), 1))));
}

/** Cross-entropy of a network without a teacher: of the mean of its two heads, where it has two, as at inference. */
export function labelLoss({ logits, distillation }: Outputs, targets: Tensor2D): Scalar {
  if (distillation === undefined) return crossEntropy(logits, targets);
  return tidy(() => crossEntropy(mul<Tensor2D>(add(logits, distillation), 0.5), targets));
}

/**
 * (1 − w) · cross-entropy + w · distillation. The teacher is followed by the distillation token's head where the network
 * has one, else by its only head.
 */
export function distilledLoss(
  { logits, distillation = logits }: Outputs,
  targets: Tensor2D,
  teacher: Tensor2D,
  { weight, ...how }: Distillation,
): Scalar {
  return tidy(() => {
    const followed = followingLoss(distillation, teacher, how);
    return add(mul(crossEntropy(logits, targets), 1 - weight), mul(followed, weight));
  });
}

type Following = { readonly kind: 'soft'; readonly temperature: number } | { readonly kind: 'hard' };

function followingLoss(student: Tensor2D, teacher: Tensor2D, how: Following): Scalar {
  switch (how.kind) {
    case 'hard': {
      const [, classes] = teacher.shape;
      const choice = argMax<Tensor1D>(teacher, 1);
      return crossEntropy(student, reshape(oneHot(choice, classes), [-1, classes]));
    }
    case 'soft': {
      const t = how.temperature;
      const wanted = softmax(mul<Tensor2D>(teacher, 1 / t));
      const difference = sub(logSoftmax(mul<Tensor2D>(teacher, 1 / t)), logSoftmax(mul<Tensor2D>(student, 1 / t)));
      // T² keeps the size of the gradients whatever the temperature.
      return mul(mean(sum(mul(wanted, difference), 1)), t * t);
    }
  }
}

/**
 * How far features of patches are from a teacher's: the mean of the squared differences.
 *
 * @param teacher of all patches [B, N, C]; `values` are C of each of those that are there [B, n, C].
 */
export function guidanceLoss({ values, rows }: PatchFeatures, teacher: Tensor3D): Scalar {
  return tidy(() => {
    const wanted = rows === undefined ? teacher : patchesKept(teacher, rows);
    return mean(square(sub(values, wanted)));
  });
}
