import type { Tensor } from '@tensorflow/tfjs-core';

import { linear } from '../tensor/ops/linear.ts';
import type { Activation } from '../tensor/ops/linear.ts';

export interface LinearParams<T = Tensor> {
  /** [in, out] */
  readonly kernel: T;
  /** [out] */
  readonly bias?: T | undefined;
}

export interface ProjectionOptions {
  readonly activation?: Activation;
  /** Added to the result: the branch's skip connection. */
  readonly residual?: Tensor | undefined;
}

/** [..., in] → [..., out]. */
export function project<X extends Tensor>(x: X, params: LinearParams, options: ProjectionOptions = {}): X {
  return linear(x, params.kernel, { bias: params.bias, ...options });
}
