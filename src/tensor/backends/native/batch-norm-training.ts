import type { BatchNormAttrs } from '../../ops/batch-norm-training.ts';
import type { Forward } from './forward.ts';

/** Batch norm with the moments of the batch, the skip that is added and the ReLU, in two passes over the values. */
export const batchNormForward: Forward<BatchNormAttrs> = (inputs, { epsilon, rectifies }, { backend, addon }) => {
  const [x, scale, bias, skip] = inputs.map((input) => backend.floatsOf('batchNorm', input));
  const C = scale!.length;
  const [output, mean, variance] = [backend.output(inputs[0]!.shape), backend.output([C]), backend.output([C])];
  const results = [output.values, mean.values, variance.values] as const;
  addon.batchNormTraining(x!, scale!, bias!, skip ?? null, ...results, epsilon, Number(rectifies));
  return [output.info, mean.info, variance.info];
};

/** The gradients of x, scale, bias and, where there is one, the skip. */
export const batchNormGradient: Forward<BatchNormAttrs> = (inputs, { epsilon, rectifies }, { backend, addon }) => {
  const [dy, x, scale, bias, skip] = inputs.map((input) => backend.floatsOf('batchNorm gradient', input));
  const C = scale!.length;
  const [dx, dScale, dBias] = [backend.output(inputs[1]!.shape), backend.output([C]), backend.output([C])];
  const dSkip = skip === undefined ? undefined : backend.output(inputs[1]!.shape);
  const results = [dx.values, dScale.values, dBias.values, dSkip?.values ?? null] as const;
  addon.batchNormTrainingGradient(dy!, x!, scale!, bias!, skip ?? null, ...results, epsilon, Number(rectifies));
  return [dx.info, dScale.info, dBias.info, ...(dSkip === undefined ? [] : [dSkip.info])];
};
