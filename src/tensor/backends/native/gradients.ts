import type { ActivationGradientAttrs } from '../../ops/activation-gradient.ts';
import type { LayerNormAttrs } from '../../ops/layer-norm.ts';
import { ACTIVATION_CODES } from './activation-codes.ts';
import type { Forward } from './forward.ts';

/** dy·f′(x), element by element. */
export const activationGradient: Forward<ActivationGradientAttrs> = ([dy, x], { activation }, { backend, addon }) => {
  const operands = [backend.floatsOf('activation dy', dy!), backend.floatsOf('activation x', x!)] as const;
  const { info, values } = backend.output(x!.shape);
  addon.activationGradient(...operands, values, ACTIVATION_CODES[activation]);
  return info;
};

/** The gradients of x, scale and bias in one pass over the rows. */
export const layerNormGradient: Forward<LayerNormAttrs> = ([dy, x, scale], { epsilon }, { backend, addon }) => {
  const operands = [
    backend.floatsOf('layerNorm dy', dy!),
    backend.floatsOf('layerNorm x', x!),
    backend.floatsOf('layerNorm scale', scale!),
  ] as const;
  const [dx, dScale, dBias] = [backend.output(x!.shape), backend.output(scale!.shape), backend.output(scale!.shape)];
  addon.layerNormGradient(...operands, dx.values, dScale.values, dBias.values, epsilon);
  return [dx.info, dScale.info, dBias.info];
};
