import { describe, expect, test } from 'vitest';

import { propagateAll, propagateRow } from '../../src/attribution/propagate.ts';
import { attentionCam, gradientRolloutStep, positiveShares, relevanceStep } from '../../src/attribution/relevance.ts';
import { ShapeError } from '../../src/errors.ts';

/** Two tokens, two heads. */
const LAYER = {
  weights: { numHeads: 2, numTokens: 2, data: Float32Array.of(0.75, 0.25, 0.5, 0.5, 0.25, 0.75, 0, 1) },
  gradients: { numHeads: 2, numTokens: 2, data: Float32Array.of(4, -4, 2, 0, 0, 4, 8, -1) },
};
// A ⊙ ∇A: [[3, −1], [1, 0]] and [[0, 3], [0, −1]].

describe('gradient methods on two tokens, by hand', () => {
  test('relevance takes what is positive of each head before the mean', () => {
    expect([...positiveShares(LAYER)]).toEqual([1.5, 1.5, 0.5, 0]);
    expect([...positiveShares(LAYER, [0])]).toEqual([3, 0, 1, 0]);
    expect([...relevanceStep(LAYER)]).toEqual([2.5, 1.5, 0.5, 1]);
  });

  test('relevance of two layers is R ← R + Ā·R', () => {
    const step = relevanceStep(LAYER);
    // R₁ = [[2½, 1½], [½, 1]]; R₂ = R₁·R₁ = [[7, 5¼], [1¾, 1¾]].
    expect([...propagateAll(2, [step, step])]).toEqual([7, 5.25, 1.75, 1.75]);
    expect([...propagateRow([1, 0], [step, step])]).toEqual([7, 5.25]);
  });

  test('gradient rollout takes the mean first, then what is positive, and divides each row by its sum', () => {
    // Mean: [[1½, 1], [½, −½]]; positive, plus I: [[2½, 1], [½, 1]].
    expect([...gradientRolloutStep(LAYER)]).toEqual([2.5 / 3.5, 1 / 3.5, 0.5 / 1.5, 1 / 1.5].map(Math.fround));
  });

  test('the order of layers is the order of the network, not that in which gradients arrive', () => {
    const first = relevanceStep(LAYER);
    const second = Float32Array.of(1, 2, 0, 1);
    // S₂·S₁, first row: [1, 2]·S₁; the other way round it would be [2½, 6½].
    expect([...propagateRow([1, 0], [first, second])]).toEqual([3.5, 3.5]);
  });

  test('Grad-CAM of attention weighs each head by its mean gradient over patches', () => {
    // Class row, one prefix token: gradients over the patch −4 and 4, weights [¾, ¼] and [¼, ¾]: mean of −1 and 3.
    expect([...attentionCam(LAYER, [1, 0], 1)]).toEqual([0, 1]);
    expect([...attentionCam(LAYER, [1, 0], 1, [0])]).toEqual([0, 0]);
  });

  test('gradients of another layer’s size are refused', () => {
    const gradients = { ...LAYER.gradients, data: new Float32Array(4) };
    expect(() => relevanceStep({ ...LAYER, gradients })).toThrow(ShapeError);
  });
});
