import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { matMul } from '../tfjs.ts';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { dims } from '../dims.ts';
import { defineOp, runOp } from '../op.ts';
import { attentionGradients } from './attention-gradient.ts';
import { mergeHeads, namedInputs, separated, splitHeads, weightsOf } from './heads.ts';
import type { AttentionAttrs } from './heads.ts';

export { mergeHeads, scoresOf, splitHeads } from './heads.ts';
export type { AttentionAttrs } from './heads.ts';

export interface AttentionOptions {
  readonly numHeads: number;
  /** Factor of QKᵀ; 1/√Dh when absent. */
  readonly scale?: number | undefined;
  /** Added to the scaled scores: [B or 1, H or 1, Nq, Nk]. A row that is −∞ everywhere gives NaN, as softmax does. */
  readonly mask?: Tensor4D | undefined;
}

/**
 * Multi-head attention, softmax(QKᵀ·scale + mask)·V (Vaswani et al. 2017, eq. 1) with the heads side by side on the last
 * axis: query [B, Nq, D], key [B, Nk, D], value [B, Nk, Dv] → [B, Nq, Dv].
 *
 * @throws ArgumentError when the widths are not multiples of numHeads; ShapeError when shapes do not fit together.
 */
export function attention(query: Tensor3D, key: Tensor3D, value: Tensor3D, options: AttentionOptions): Tensor3D {
  // The first output, [B, Nq, Dv].
  return runSeparate([query, key, value], options, false)[0] as Tensor3D;
}

/**
 * `attention` of query, key and value side by side, as one product gives them: [B, N, 3·D] → [B, N, D].
 *
 * @throws ArgumentError, ShapeError as `attention`.
 */
export function jointAttention(qkv: Tensor3D, options: AttentionOptions): Tensor3D {
  const { B, N, D: width } = dims('attention qkv', qkv, 'B N D');
  if (width % 3 !== 0) {
    throw new ShapeError(`attention qkv: expected [B, N, 3·D], got [${qkv.shape.join(', ')}]`);
  }
  const D = width / 3;
  // One output, [B, N, D].
  return run([qkv], { B, Nq: N, Nk: N, D, Dv: D }, options, false)[0] as Tensor3D;
}

/** `attention`, and with it the weights softmax(QKᵀ·scale + mask) [B, H, Nq, Nk], whose rows sum to one. */
export function attentionWithWeights(
  query: Tensor3D,
  key: Tensor3D,
  value: Tensor3D,
  options: AttentionOptions,
): { output: Tensor3D; weights: Tensor4D } {
  const [output, weights] = runSeparate([query, key, value], options, true);
  // Both outputs are there because returnWeights is set.
  return { output: output as Tensor3D, weights: weights as Tensor4D };
}

function runSeparate(
  operands: readonly [Tensor, Tensor, Tensor],
  options: AttentionOptions,
  returnWeights: boolean,
): Tensor[] {
  const [q, k, v] = operands;
  const { B, N: Nq, D } = dims('attention query', q, 'B N D');
  const { N: Nk } = dims('attention key', k, 'B N D', { B, D });
  const { D: Dv } = dims('attention value', v, 'B N D', { B, N: Nk });
  return run(operands, { B, Nq, Nk, D, Dv }, options, returnWeights);
}

type Sizes = Readonly<Record<'B' | 'Nq' | 'Nk' | 'D' | 'Dv', number>>;

/** `operands`: query, key and value, or the one tensor of them all. */
function run(
  operands: readonly Tensor[],
  { B, Nq, Nk, D, Dv }: Sizes,
  { numHeads, mask, scale = 1 / Math.sqrt(D / numHeads) }: AttentionOptions,
  returnWeights: boolean,
): Tensor[] {
  if (!Number.isInteger(numHeads) || numHeads < 1 || D % numHeads !== 0 || Dv % numHeads !== 0) {
    throw new ArgumentError(`attention numHeads: expected a divisor of ${D} and ${Dv}, got ${numHeads}`);
  }
  if (mask !== undefined) checkMask(mask, [B, numHeads, Nq, Nk]);
  const attrs = { numHeads, scale, hasMask: mask !== undefined, returnWeights, isJoint: operands.length === 1 };
  return runOp(ATTENTION, mask === undefined ? operands : [...operands, mask], attrs);
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
    const { operands, mask } = namedInputs(inputs, attrs);
    const [query, key, value] = separated(operands, attrs);
    const weights = weightsOf(query, key, mask, attrs);
    const output = mergeHeads(matMul(weights, splitHeads(value, attrs.numHeads)));
    return attrs.returnWeights ? [output, weights] : [output];
  },
  gradient: ([dOutput, dWeights], inputs, attrs) => attentionGradients(dOutput!, dWeights, inputs, attrs),
});
