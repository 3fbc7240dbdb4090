import type { Tensor } from '@tensorflow/tfjs-core';

import { mul, step, tidy } from '../tfjs.ts';
import { defineOp, runOp } from '../op.ts';
import { geluDerivative } from './gelu-form.ts';
import type { GeluForm } from './gelu-form.ts';

export interface ActivationGradientAttrs {
  readonly activation: 'relu' | GeluForm;
}

/** dy·f′(x) of an activation f, all of one shape. */
export function activationGradient(dy: Tensor, x: Tensor, activation: 'relu' | GeluForm): Tensor {
  // One output of the inputs' shape.
  return runOp(ACTIVATION_GRADIENT, [dy, x], { activation })[0]!;
}

export const ACTIVATION_GRADIENT = defineOp<ActivationGradientAttrs>({
  name: 'PatchlensActivationGradient',
  compose: ([dy, x], { activation }) => [
    tidy(() => mul(dy!, activation === 'relu' ? step(x!) : geluDerivative(x!, activation))),
  ],
});
