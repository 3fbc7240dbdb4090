import type { Rank, Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { add, matMul, mul, reshape, softmax, split, tidy, transpose } from '../tfjs.ts';

export interface AttentionAttrs {
  readonly numHeads: number;
  readonly scale: number;
  readonly hasMask: boolean;
  readonly returnWeights: boolean;
  /** Whether the first input is query, key and value side by side, [B, N, 3·D], in place of three. */
  readonly isJoint: boolean;
}

/** How the ordered inputs of attention and of its gradient are told apart. */
export type AttentionLayout = Pick<AttentionAttrs, 'hasMask' | 'isJoint'>;

export interface AttentionInputs {
  /** Query, key and value, or the one tensor of them all. */
  readonly operands: readonly Tensor[];
  readonly mask: Tensor | undefined;
  /** What the gradient takes beside them. */
  readonly rest: readonly Tensor[];
}

/** What messages call the operands. */
export function operandNames({ isJoint }: Pick<AttentionAttrs, 'isJoint'>): readonly string[] {
  return (isJoint ? ['qkv'] : ['query', 'key', 'value']).map((name) => `attention ${name}`);
}

/** Gives the ordered inputs their names. */
export function namedInputs(inputs: readonly Tensor[], { hasMask, isJoint }: AttentionLayout): AttentionInputs {
  const count = isJoint ? 1 : 3;
  const mask = hasMask ? inputs[count] : undefined;
  return { operands: inputs.slice(0, count), mask, rest: inputs.slice(hasMask ? count + 1 : count) };
}

/** The sizes of the operands, and how far the tokens of query and key and those of value lie apart. */
export function sizesOf(operands: readonly Tensor[], { isJoint }: Pick<AttentionAttrs, 'isJoint'>) {
  const [B = 0, Nq = 0, stride = 0] = operands[0]?.shape ?? [];
  const [, Nk = 0, vStride = 0] = operands.at(-1)?.shape ?? [];
  const [D, Dv] = isJoint ? [stride / 3, vStride / 3] : [stride, vStride];
  return { B, Nq, Nk, D, Dv, stride, vStride };
}

/** Query, key and value, each as a tensor of its own. */
export function separated(
  operands: readonly Tensor[],
  { isJoint }: AttentionLayout,
): readonly [Tensor, Tensor, Tensor] {
  const [query, key, value] = isJoint ? split(operands[0]!, 3, -1) : operands;
  return [query!, key!, value!];
}

/** softmax(QKᵀ·scale + mask): [B, H, Nq, Nk]. */
export function weightsOf(
  q: Tensor,
  k: Tensor,
  mask: Tensor | undefined,
  { numHeads, scale }: Pick<AttentionAttrs, 'numHeads' | 'scale'>,
): Tensor {
  return tidy(() => {
    const scores = mul(scoresOf(q, k, numHeads), scale);
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
