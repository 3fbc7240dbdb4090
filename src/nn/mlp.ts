import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import { mul, sigmoid, tidy } from '../tensor/tfjs.ts';
import type { Activation } from '../tensor/ops/linear.ts';
import { project } from './linear.ts';
import type { LinearParams } from './linear.ts';

export interface MlpParams<T = Tensor> {
  /** [D, hidden]; there for SwiGLU alone. */
  readonly gate?: LinearParams<T> | undefined;
  /** [D, hidden] */
  readonly hidden: LinearParams<T>;
  /** [hidden, D] */
  readonly output: LinearParams<T>;
}

export interface MlpOptions {
  /** Of the hidden layer; SwiGLU has its own. */
  readonly activation: Activation;
  readonly residual?: Tensor3D | undefined;
}

/** Two linear layers with a non-linearity between them, plus the residual: [B, N, D] → [B, N, D]. */
export function mlp(x: Tensor3D, params: MlpParams, { activation, residual }: MlpOptions): Tensor3D {
  return tidy(() => {
    const hidden =
      params.gate === undefined ? project(x, params.hidden, { activation }) : swiGlu(x, params.gate, params.hidden);
    return project(hidden, params.output, { residual });
  });
}

/** silu(x·W_gate) ⊙ x·W_hidden (Shazeer 2020): [B, N, D] → [B, N, hidden]. */
function swiGlu(x: Tensor3D, gateParams: LinearParams, hiddenParams: LinearParams): Tensor3D {
  const gate = project(x, gateParams);
  return mul(mul(gate, sigmoid(gate)), project(x, hiddenParams));
}
