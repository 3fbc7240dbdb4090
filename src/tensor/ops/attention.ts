import { add, matMul, mul, reshape, softmax, sub, sum, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { ArgumentError, ShapeError } from '../../errors.ts';
import { dims } from '../dims.ts';
import { defineOp, runOp } from '../op.ts';

export interface AttentionOptions {
  readonly numHeads: number;
  /** Factor of QKᵀ; 1/√Dh when absent. */
  readonly scale?: number | undefined;
  /** Added to the scaled scores: [B or 1, H or 1, Nq, Nk]. A row that is −∞ everywhere gives NaN, as softmax does. */
  readonly mask?: Tensor4D | undefined;
}

export interface AttentionAttrs {
  readonly numHeads: number;
  readonly scale: number;
  readonly hasMask: boolean;
  readonly returnWeights: boolean;
}

/**
 * Multi-head attention, softmax(QKᵀ·scale + mask)·V (Vaswani et al. 2017, eq. 1) with the heads side by side on the last
 * axis: query [B, Nq, D], key [B, Nk, D], value [B, Nk, Dv] → [B, Nq, Dv].
 *
 * @throws ArgumentError when the widths are not multiples of numHeads; ShapeError when shapes do not fit together.
 */
export function attention(query: Tensor3D, key: Tensor3D, value: Tensor3D, options: AttentionOptions): Tensor3D {
  // The first output, [B, Nq, Dv].
  return run(query, key, value, options, false)[0] as Tensor3D;
}

/** `attention`, and with it the weights softmax(QKᵀ·scale + mask) [B, H, Nq, Nk], whose rows sum to one. */
export function attentionWithWeights(
  query: Tensor3D,
  key: Tensor3D,
  value: Tensor3D,
  options: AttentionOptions,
): { output: Tensor3D; weights: Tensor4D } {
  const [output, weights] = run(query, key, value, options, true);
  // Both outputs are there because returnWeights is set.
  return { output: output as Tensor3D, weights: weights as Tensor4D };
}

function run(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions, returnWeights: boolean): Tensor[] {
  const { numHeads, mask } = options;
  const { B, N: Nq, D } = dims('attention query', q, 'B N D');
  const { N: Nk } = dims('attention key', k, 'B N D', { B, D });
  const { D: Dv } = dims('attention value', v, 'B N D', { B, N: Nk });
  if (!Number.isInteger(numHeads) || numHeads < 1 || D % numHeads !== 0 || Dv % numHeads !== 0) {
    throw new ArgumentError(`attention numHeads: expected a divisor of ${D} and ${Dv}, got ${numHeads}`);
  }
  if (mask !== undefined) checkMask(mask, [B, numHeads, Nq, Nk]);
  const scale = options.scale ?? 1 / Math.sqrt(D / numHeads);
  const attrs = { numHeads, scale, hasMask: mask !== undefined, returnWeights };
  return runOp(ATTENTION, mask === undefined ? [q, k, v] : [q, k, v, mask], attrs);
}

function checkMask(mask: Tensor, full: readonly [B: number, H: number, Nq: number, Nk: number]): void {
  const [B, H, Nq, Nk] = full;
  const fits =
    mask.shape.length === 4 && mask.shape.every((size, axis) => size === full[axis] || (axis < 2 && size === 1));
  if (fits) return;
  throw new ShapeError(`attention mask: expected [${B} or 1, ${H} or 1, ${Nq}, ${Nk}], got [${mask.shape.join(', ')}]`);
}

export const ATTENTION = defineOp<AttentionAttrs>({
  name: 'PatchlensAttention',
  compose: (inputs, attrs) => {
    const weights = weightsOf(inputs, attrs);
    const output = mergeHeads(matMul(weights, splitHeads(inputs[2]!, attrs.numHeads)));
    return attrs.returnWeights ? [output, weights] : [output];
  },
  gradient: ([dOutput, dWeights], inputs, attrs) => {
    const gradients = tidy(() => attentionGradients(dOutput!, dWeights, inputs, attrs));
    return gradients.map((gradient) => () => gradient);
  },
});

/** The weights are computed again rather than kept: B·H·Nq·Nk floats per layer would be most of a training step's memory. */
function attentionGradients(
  dOutput: Tensor,
  dWeights: Tensor | undefined,
  inputs: readonly Tensor[],
  attrs: AttentionAttrs,
): Tensor[] {
  const [q, k, v] = inputs.slice(0, 3).map((input) => splitHeads(input, attrs.numHeads));
  const P = weightsOf(inputs, attrs); // [B, H, Nq, Nk]
  const dO = splitHeads(dOutput, attrs.numHeads); // [B, H, Nq, Dh]
  const dV = matMul(P, dO, true, false);
  const throughValues = matMul(dO, v!, false, true);
  const dP = dWeights === undefined ? throughValues : add(throughValues, dWeights);
  const dScores = mul(P, sub(dP, sum(mul(dP, P), -1, true)));
  const dQ = mul(matMul(dScores, k!), attrs.scale);
  const dK = mul(matMul(dScores, q!, true, false), attrs.scale);
  const gradients: Tensor[] = [dQ, dK, dV].map((gradient) => mergeHeads(gradient));
  if (attrs.hasMask) gradients.push(sumToShape(dScores, inputs[3]!.shape));
  return gradients;
}

/** softmax(QKᵀ·scale + mask): [B, H, Nq, Nk]. */
function weightsOf([q, k, , mask]: readonly Tensor[], { numHeads, scale }: AttentionAttrs): Tensor {
  return tidy(() => {
    const scores = mul(scoresOf(q!, k!, numHeads), scale);
    return softmax(mask === undefined ? scores : add(scores, mask), -1);
  });
}

/** QKᵀ of each head, before scale and mask: [B, Nq, D], [B, Nk, D] → [B, H, Nq, Nk]. */
export function scoresOf(q: Tensor, k: Tensor, numHeads: number): Tensor4D {
  return tidy(() => matMul(splitHeads(q, numHeads), splitHeads(k, numHeads), false, true));
}

/** [B, N, H·Dh] → [B, H, N, Dh]. */
export function splitHeads(x: Tensor, numHeads: number): Tensor4D {
  const [B = 0, N = 0, D = 0] = x.shape;
  return tidy(() => transpose(reshape<Rank.R4>(x, [B, N, numHeads, D / numHeads]), [0, 2, 1, 3]));
}

/** [B, H, N, Dh] → [B, N, H·Dh]. */
export function mergeHeads(x: Tensor): Tensor3D {
  const [B = 0, H = 0, N = 0, Dh = 0] = x.shape;
  return tidy(() => reshape<Rank.R3>(transpose(x, [0, 2, 1, 3]), [B, N, H * Dh]));
}

/** Sums over the axes that broadcasting stretched. */
function sumToShape(x: Tensor, shape: readonly number[]): Tensor {
  const stretched = [...shape.keys()].filter((axis) => shape[axis] === 1 && x.shape[axis] !== 1);
  return stretched.length === 0 ? x : sum(x, stretched, true);
}
