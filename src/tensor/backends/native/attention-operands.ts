import type { Tensor } from '@tensorflow/tfjs-core';

import { namedInputs, operandNames, sizesOf } from '../../ops/heads.ts';
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
  const { B, Nq, Nk, D, Dv, stride, vStride } = sizesOf(tensors, layout);
  const names = operandNames(layout);
  const floats = tensors.map((operand, i) => backend.floatsOf(names[i]!, operand));
  const operands = [
    ...separateFloats(floats, D, layout),
    mask === undefined ? null : backend.floatsOf('attention mask', mask),
  ] as const;
  const [maskB = 1, maskH = 1] = mask?.shape ?? [];
  const sizes = Int32Array.of(B, H, Nq, Nk, D / H, Dv / H, maskB, maskH, stride, vStride);
  return { tensors, operands, mask, rest, sizes, B, Nq, Nk, D, Dv };
}

type Three = readonly [query: Float32Array, key: Float32Array, value: Float32Array];

/** The floats of query, key and value; of rows [..., 3·D] each third, from its first float to its last. */
export function separateFloats(floats: readonly Float32Array[], D: number, { isJoint }: AttentionLayout): Three {
  const [first, second, third] = floats;
  if (!isJoint) return [first!, second!, third!];
  const columns = (i: number): Float32Array => first!.subarray(i * D, Math.max(0, first!.length - (2 - i) * D));
  return [columns(0), columns(1), columns(2)];
}
