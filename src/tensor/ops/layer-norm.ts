import type { Tensor } from '@tensorflow/tfjs-core';

import { add, mean, mul, rsqrt, reshape, square, sub, sum, tidy } from '../tfjs.ts';
import { dims } from '../dims.ts';
import { defineOp, runOp } from '../op.ts';

export interface LayerNormAttrs {
  readonly epsilon: number;
}

/**
 * (x − μ) / √(σ² + ε) · scale + bias, each token over its last axis (Ba et al. 2016): [..., D] → [..., D].
 * σ² is the biased variance. ε differs between checkpoint families (1e-6 timm, 1e-12 Hugging Face), so it has no default.
 *
 * @throws ShapeError when scale or bias is not [D].
 */
export function layerNorm<T extends Tensor>(x: T, scale: Tensor, bias: Tensor, epsilon: number): T {
  const D = x.shape.at(-1) ?? 0;
  dims('layerNorm scale', scale, 'D', { D });
  dims('layerNorm bias', bias, 'D', { D });
  // One output of the input's shape.
  return runOp(LAYER_NORM, [x, scale, bias], { epsilon })[0] as T;
}

export const LAYER_NORM = defineOp<LayerNormAttrs>({
  name: 'PatchlensLayerNorm',
  compose: ([x, scale, bias], { epsilon }) => [add(mul(standardise(x!, epsilon).normal, scale!), bias!)],
  gradient: ([dy], [x, scale], attrs) => {
    const gradients = runOp(LAYER_NORM_GRADIENT, [dy!, x!, scale!], attrs);
    return gradients.map((gradient) => () => gradient);
  },
});

/** From dy, x and scale the gradients of x, scale and bias. */
export const LAYER_NORM_GRADIENT = defineOp<LayerNormAttrs>({
  name: 'PatchlensLayerNormGradient',
  compose: ([dy, x, scale], { epsilon }) => {
    const D = scale!.shape[0] ?? 0;
    const { normal, inverseDeviation } = standardise(x!, epsilon);
    const g = mul(dy!, scale!);
    const projection = mul(normal, mean(mul(g, normal), -1, true));
    return [
      mul(inverseDeviation, sub(sub(g, mean(g, -1, true)), projection)),
      sum(reshape(mul(dy!, normal), [-1, D]), 0),
      sum(reshape(dy!, [-1, D]), 0),
    ];
  },
});

/** x̂ = (x − μ)/√(σ² + ε) and the inverse deviation [..., 1]. */
function standardise(x: Tensor, epsilon: number): { normal: Tensor; inverseDeviation: Tensor } {
  return tidy(() => {
    // Twice: where the mean is large, its own rounding is not small against the deviations, and what is left of it after
    // the first time is small enough to be exact the second.
    const nearlyCentred = sub(x, mean(x, -1, true));
    const centred = sub(nearlyCentred, mean(nearlyCentred, -1, true));
    const inverseDeviation = rsqrt(add(mean(square(centred), -1, true), epsilon));
    return { normal: mul(centred, inverseDeviation), inverseDeviation };
  });
}
