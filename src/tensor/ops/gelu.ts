import type { Tensor } from '@tensorflow/tfjs-core';

import { defineOp, runOp } from '../op.ts';
import { activationGradient } from './activation-gradient.ts';
import { composedGelu } from './gelu-form.ts';
import type { GeluForm } from './gelu-form.ts';

export type { GeluForm } from './gelu-form.ts';

interface GeluAttrs {
  readonly form: GeluForm;
}

/** Gaussian error linear unit, element by element (Hendrycks & Gimpel 2016). */
export function gelu<T extends Tensor>(x: T, form: GeluForm = 'gelu'): T {
  // One output of the input's shape.
  return runOp(GELU, [x], { form })[0] as T;
}

export const GELU = defineOp<GeluAttrs>({
  name: 'PatchlensGelu',
  compose: ([x], { form }) => [composedGelu(x!, form)],
  gradient: ([dy], [x], { form }) => [() => activationGradient(dy!, x!, form)],
});
