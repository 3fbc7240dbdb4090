import { namedGradientInputs } from '../../ops/attention-gradient.ts';
import type { AttentionGradientAttrs } from '../../ops/attention-gradient.ts';
import type { Forward } from './forward.ts';

/** The gradients of query, key and value, a head at a time, or that of the mask. */
export const attentionGradient: Forward<AttentionGradientAttrs> = (inputs, attrs, { backend, addon }) => {
  const { q, k, v, mask, dOutput, dWeights } = namedGradientInputs(inputs, attrs);
  const H = attrs.numHeads;
  const [B = 0, Nq = 0, D = 0] = q.shape;
  const [, Nk = 0, Dv = 0] = v.shape;
  const [maskB = 1, maskH = 1] = mask?.shape ?? [];
  const operands = [
    backend.floatsOf('attention query', q),
    backend.floatsOf('attention key', k),
    backend.floatsOf('attention value', v),
    mask === undefined ? null : backend.floatsOf('attention mask', mask),
    backend.floatsOf('attention output gradient', dOutput),
    dWeights === undefined ? null : backend.floatsOf('attention weight gradient', dWeights),
  ] as const;
  const sizes = Int32Array.of(B, H, Nq, Nk, D / H, Dv / H, maskB, maskH);
  if (attrs.of === 'mask') {
    const { info, values } = backend.output(mask?.shape ?? []);
    if (values.length > 0) addon.attentionGradient(...operands, null, null, null, values, sizes, attrs.scale);
    return info;
  }
  const [dq, dk, dv] = [backend.output(q.shape), backend.output(k.shape), backend.output(v.shape)];
  addon.attentionGradient(...operands, dq.values, dk.values, dv.values, null, sizes, attrs.scale);
  return [dq.info, dk.info, dv.info];
};
