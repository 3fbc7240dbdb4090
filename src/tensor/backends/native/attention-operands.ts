import type { Tensor } from '@tensorflow/tfjs-core';

import type { NativeBackend } from './native-backend.ts';

/** q [B, Nq, D], k [B, Nk, D], v [B, Nk, Dv] and perhaps a mask [B or 1, H or 1, Nq, Nk]. */
export interface AttentionTensors {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly mask: Tensor | undefined;
}

/** The operands that the addon's attention and its gradient have in common, and their sizes. */
export function attentionOperands({ q, k, v, mask }: AttentionTensors, H: number, backend: NativeBackend) {
  const [B = 0, Nq = 0, D = 0] = q.shape;
  const [, Nk = 0, Dv = 0] = v.shape;
  const [maskB = 1, maskH = 1] = mask?.shape ?? [];
  const operands = [
    backend.floatsOf('attention query', q),
    backend.floatsOf('attention key', k),
    backend.floatsOf('attention value', v),
    mask === undefined ? null : backend.floatsOf('attention mask', mask),
  ] as const;
  return { operands, sizes: Int32Array.of(B, H, Nq, Nk, D / H, Dv / H, maskB, maskH), B, Nq, Nk, Dv };
}
