import type { Tensor } from '@tensorflow/tfjs-core';

import { add, concat, matMul, mul, sub, sum } from '../tfjs.ts';
import { defineOp, runOp } from '../op.ts';
import { mergeHeads, namedInputs, separated, splitHeads, weightsOf } from './heads.ts';
import type { AttentionAttrs } from './heads.ts';

export interface AttentionGradientAttrs {
  readonly numHeads: number;
  readonly scale: number;
  /** Which inputs are there, in this order: query, key, value, or one of them all; mask, dOutput, dWeights. */
  readonly isJoint: boolean;
  readonly hasMask: boolean;
  readonly hasWeightGradient: boolean;
  /** The gradients of query, key and value, or that of the mask, for which other kernels need another order of work. */
  readonly of: 'operands' | 'mask';
}

/** The gradients of attention's inputs, from those of its output and, where it returned them, of its weights. */
export function attentionGradients(
  dOutput: Tensor,
  dWeights: Tensor | undefined,
  inputs: readonly Tensor[],
  { numHeads, scale, hasMask, isJoint }: AttentionAttrs,
): (() => Tensor)[] {
  const all = dWeights === undefined ? [...inputs, dOutput] : [...inputs, dOutput, dWeights];
  const attrs = { numHeads, scale, isJoint, hasMask, hasWeightGradient: dWeights !== undefined };
  const gradients = runOp(ATTENTION_GRADIENT, all, { ...attrs, of: 'operands' }).map((gradient) => () => gradient);
  // Only when asked for, because most masks are not learned.
  if (hasMask) gradients.push(() => runOp(ATTENTION_GRADIENT, all, { ...attrs, of: 'mask' })[0]!);
  return gradients;
}

/** The weights are computed again rather than kept: B·H·Nq·Nk floats per layer would be most of a training step's memory. */
export const ATTENTION_GRADIENT = defineOp<AttentionGradientAttrs>({
  name: 'PatchlensAttentionGradient',
  compose: (inputs, attrs) => {
    const { operands, mask, rest } = namedInputs(inputs, attrs);
    const [dOutput, dWeights] = rest;
    const [query, key, value] = separated(operands, attrs);
    const [q, k, v] = [query, key, value].map((operand) => splitHeads(operand, attrs.numHeads));
    const P = weightsOf(query, key, mask, attrs); // [B, H, Nq, Nk]
    const dO = splitHeads(dOutput!, attrs.numHeads); // [B, H, Nq, Dh]
    const throughValues = matMul(dO, v!, false, true);
    const dP = dWeights === undefined ? throughValues : add(throughValues, dWeights);
    const dScores = mul(P, sub(dP, sum(mul(dP, P), -1, true)));
    if (attrs.of === 'mask') return [sumToShape(dScores, mask?.shape ?? [])];
    const dQ = mul(matMul(dScores, k!), attrs.scale);
    const dK = mul(matMul(dScores, q!, true, false), attrs.scale);
    const gradients = [dQ, dK, matMul(P, dO, true, false)].map((gradient) => mergeHeads(gradient));
    return attrs.isJoint ? [concat(gradients, -1)] : gradients;
  },
});

/** Sums over the axes that broadcasting stretched. */
function sumToShape(x: Tensor, shape: readonly number[]): Tensor {
  const stretched = [...shape.keys()].filter((axis) => shape[axis] === 1 && x.shape[axis] !== 1);
  return stretched.length === 0 ? x : sum(x, stretched, true);
}
