import type { Tensor } from '@tensorflow/tfjs-core';

import { add, matMul, mul, sub, sum } from '../tfjs.ts';
import { defineOp, runOp } from '../op.ts';
import { mergeHeads, splitHeads, weightsOf } from './heads.ts';
import type { AttentionAttrs } from './heads.ts';

export interface AttentionGradientAttrs {
  readonly numHeads: number;
  readonly scale: number;
  /** Which of the optional inputs are there, in this order: query, key, value, mask, dOutput, dWeights. */
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
  { numHeads, scale, hasMask }: AttentionAttrs,
): (() => Tensor)[] {
  const all = dWeights === undefined ? [...inputs, dOutput] : [...inputs, dOutput, dWeights];
  const attrs = { numHeads, scale, hasMask, hasWeightGradient: dWeights !== undefined };
  const gradients = runOp(ATTENTION_GRADIENT, all, { ...attrs, of: 'operands' }).map((gradient) => () => gradient);
  // Only when asked for, because most masks are not learned.
  if (hasMask) gradients.push(() => runOp(ATTENTION_GRADIENT, all, { ...attrs, of: 'mask' })[0]!);
  return gradients;
}

interface AttentionGradientInputs {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly mask: Tensor | undefined;
  readonly dOutput: Tensor;
  readonly dWeights: Tensor | undefined;
}

/** Gives the ordered inputs of the kernel their names. */
export function namedGradientInputs(
  [q, k, v, ...rest]: readonly Tensor[],
  { hasMask }: AttentionGradientAttrs,
): AttentionGradientInputs {
  const [dOutput, dWeights] = hasMask ? rest.slice(1) : rest;
  return { q: q!, k: k!, v: v!, mask: hasMask ? rest[0] : undefined, dOutput: dOutput!, dWeights };
}

/** The weights are computed again rather than kept: B·H·Nq·Nk floats per layer would be most of a training step's memory. */
export const ATTENTION_GRADIENT = defineOp<AttentionGradientAttrs>({
  name: 'PatchlensAttentionGradient',
  compose: (inputs, attrs) => {
    const { mask, dOutput, dWeights, ...operands } = namedGradientInputs(inputs, attrs);
    const [q, k, v] = [operands.q, operands.k, operands.v].map((operand) => splitHeads(operand, attrs.numHeads));
    const P = weightsOf([operands.q, operands.k, mask], attrs); // [B, H, Nq, Nk]
    const dO = splitHeads(dOutput, attrs.numHeads); // [B, H, Nq, Dh]
    const throughValues = matMul(dO, v!, false, true);
    const dP = dWeights === undefined ? throughValues : add(throughValues, dWeights);
    const dScores = mul(P, sub(dP, sum(mul(dP, P), -1, true)));
    if (attrs.of === 'mask') return [sumToShape(dScores, mask?.shape ?? [])];
    const dQ = mul(matMul(dScores, k!), attrs.scale);
    const dK = mul(matMul(dScores, q!, true, false), attrs.scale);
    return [dQ, dK, matMul(P, dO, true, false)].map((gradient) => mergeHeads(gradient));
  },
});

/** Sums over the axes that broadcasting stretched. */
function sumToShape(x: Tensor, shape: readonly number[]): Tensor {
  const stretched = [...shape.keys()].filter((axis) => shape[axis] === 1 && x.shape[axis] !== 1);
  return stretched.length === 0 ? x : sum(x, stretched, true);
}
