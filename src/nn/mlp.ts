import { tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import type { GeluForm } from '../tensor/ops/gelu.ts';
import { project } from './linear.ts';
import type { LinearParams } from './linear.ts';

export interface MlpParams<T = Tensor> {
  /** [D, hidden] */
  readonly hidden: LinearParams<T>;
  /** [hidden, D] */
  readonly output: LinearParams<T>;
}

export interface MlpOptions {
  readonly activation: GeluForm;
  readonly residual?: Tensor3D;
}

/** Two linear layers with a GELU between them, plus the residual: [B, N, D] → [B, N, D]. */
export function mlp(x: Tensor3D, params: MlpParams, { activation, ...skip }: MlpOptions): Tensor3D {
  return tidy(() => project(project(x, params.hidden, { activation }), params.output, skip));
}
