import type { AttentionGradientAttrs } from '../../ops/attention-gradient.ts';
import { attentionOperands, separateFloats } from './attention-operands.ts';
import type { Forward } from './forward.ts';

/** The gradients of query, key and value, a head at a time, or that of the mask. */
export const attentionGradient: Forward<AttentionGradientAttrs> = (inputs, attrs, { backend, addon }) => {
  const { tensors, operands, mask, rest, sizes, D } = attentionOperands(inputs, attrs, backend);
  const [dOutput, dWeights] = rest;
  const slopes = [
    backend.floatsOf('attention output gradient', dOutput!),
    dWeights === undefined ? null : backend.floatsOf('attention weight gradient', dWeights),
  ] as const;
  if (attrs.of === 'mask') {
    const { info, values } = backend.output(mask?.shape ?? []);
    if (values.length > 0)
      addon.attentionGradient(...operands, ...slopes, null, null, null, values, sizes, attrs.scale);
    return info;
  }
  const outputs = tensors.map(({ shape }) => backend.output(shape));
  const values = outputs.map((output) => output.values);
  const gradients = separateFloats(values, D, attrs);
  addon.attentionGradient(...operands, ...slopes, ...gradients, null, sizes, attrs.scale);
  return outputs.map(({ info }) => info);
};
