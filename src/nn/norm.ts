import type { Tensor } from '@tensorflow/tfjs-core';

import { layerNorm } from '../tensor/ops/layer-norm.ts';

export interface NormParams<T = Tensor> {
  /** [D] */
  readonly scale: T;
  /** [D] */
  readonly bias: T;
}

/** Layer normalisation of each token: [..., D] → [..., D]. */
export function norm<X extends Tensor>(x: X, params: NormParams, epsilon: number): X {
  return layerNorm(x, params.scale, params.bias, epsilon);
}
