import { namedGradientInputs } from '../../ops/attention-gradient.ts';
import type { AttentionGradientAttrs } from '../../ops/attention-gradient.ts';
import { attentionOperands } from './attention-operands.ts';
import type { Forward } from './forward.ts';

/** The gradients of query, key and value, a head at a time, or that of the mask. */
export const attentionGradient: Forward<AttentionGradientAttrs> = (inputs, attrs, { backend, addon }) => {
  const { q, k, v, mask, dOutput, dWeights } = namedGradientInputs(inputs, attrs);
  const { operands, sizes } = attentionOperands({ q, k, v, mask }, attrs.numHeads, backend);
  const slopes = [
    backend.floatsOf('attention output gradient', dOutput),
    dWeights === undefined ? null : backend.floatsOf('attention weight gradient', dWeights),
  ] as const;
  if (attrs.of === 'mask') {
    const { info, values } = backend.output(mask?.shape ?? []);
    if (values.length > 0)
      addon.attentionGradient(...operands, ...slopes, null, null, null, values, sizes, attrs.scale);
    return info;
  }
  const [dq, dk, dv] = [backend.output(q.shape), backend.output(k.shape), backend.output(v.shape)];
  addon.attentionGradient(...operands, ...slopes, dq.values, dk.values, dv.values, null, sizes, attrs.scale);
  return [dq.info, dk.info, dv.info];
};
