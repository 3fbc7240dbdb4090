import type { Tensor } from '@tensorflow/tfjs-core';

import type { AttentionAttrs } from '../../ops/attention.ts';
import { currentPrecision } from '../../precision.ts';
import type { Forward } from './forward.ts';
import { PRECISION_CODES } from './precision-codes.ts';

/** softmax(QKᵀ·scale + mask)·V; the weights [B, H, Nq, Nk] are stored only if they are asked for. */
export const attentionForward: Forward<AttentionAttrs> = (inputs, attrs, { backend, addon }) => {
  const [q, k, v] = inputs as readonly [Tensor, Tensor, Tensor];
  const mask = attrs.hasMask ? inputs[3] : undefined;
  const H = attrs.numHeads;
  const [B = 0, Nq = 0, D = 0] = q.shape;
  const [, Nk = 0, Dv = 0] = v.shape;
  const [maskB = 1, maskH = 1] = mask?.shape ?? [];
  const operands = [
    backend.floatsOf('attention query', q),
    backend.floatsOf('attention key', k),
    backend.floatsOf('attention value', v),
    mask === undefined ? null : backend.floatsOf('attention mask', mask),
  ] as const;
  const output = backend.output([B, Nq, Dv]);
  const weights = attrs.returnWeights ? backend.output([B, H, Nq, Nk]) : undefined;
  const sizes = Int32Array.of(B, H, Nq, Nk, D / H, Dv / H, maskB, maskH);
  const precision = PRECISION_CODES[currentPrecision()];
  addon.attention(...operands, output.values, weights?.values ?? null, sizes, attrs.scale, precision);
  return weights === undefined ? [output.info] : [output.info, weights.info];
};
