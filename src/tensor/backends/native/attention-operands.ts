import type { Tensor } from '@tensorflow/tfjs-core';

import { namedInputs, operandNames } from '../../ops/heads.ts';
import type { AttentionLayout } from '../../ops/heads.ts';
import type { NativeBackend } from './native-backend.ts';

/**
 * The operands that the addon's attention and its gradient have in common, and their sizes: q [B, Nq, D], k [B, Nk, D],
 * v [B, Nk, Dv], or all three as [B, N, 3·D], and perhaps a mask [B or 1, H or 1, Nq, Nk].
 */
export function attentionOperands(
  inputs: readonly Tensor[],
  { numHeads: H, ...layout }: AttentionLayout & { readonly numHeads: number },
  backend: NativeBackend,
) {
  const { operands: tensors, mask, rest } = namedInputs(inputs, layout);
  const names = operandNames(layout);
  const [q, k, v] = tensors.map((operand, i) => backend.floatsOf(names[i]!, operand));
  const operands = [
    ...(layout.isJoint ? columnThirds(q!, tensors[0]!.shape[2]! / 3) : ([q!, k!, v!] as const)),
    mask === undefined ? null : backend.floatsOf('attention mask', mask),
  ] as const;
  const [B = 0, Nq = 0, stride = 0] = tensors[0]!.shape;
  const [, Nk = 0, vStride = 0] = tensors.at(-1)!.shape;
  const share = layout.isJoint ? 3 : 1;
  const [D, Dv] = [stride / share, vStride / share];
  const [maskB = 1, maskH = 1] = mask?.shape ?? [];
  const sizes = Int32Array.of(B, H, Nq, Nk, D / H, Dv / H, maskB, maskH, stride, vStride);
  return { tensors, operands, mask, rest, sizes, B, Nq, Nk, Dv };
}

/** Of rows [..., 3·D] each third of the columns, from its first float to its last. */
export function columnThirds(rows: Float32Array, D: number): readonly [Float32Array, Float32Array, Float32Array] {
  const third = (i: number): Float32Array => rows.subarray(i * D, Math.max(0, rows.length - (2 - i) * D));
  return [third(0), third(1), third(2)];
}
