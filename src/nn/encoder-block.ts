import { tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import type { GeluForm } from '../tensor/ops/gelu.ts';
import { mlp } from './mlp.ts';
import type { MlpParams } from './mlp.ts';
import { norm } from './norm.ts';
import type { NormParams } from './norm.ts';
import { scoped } from './probe.ts';
import type { Probe } from './probe.ts';
import { selfAttention } from './self-attention.ts';
import type { SelfAttentionParams } from './self-attention.ts';

export interface EncoderBlockParams<T = Tensor> {
  readonly norm1: NormParams<T>;
  readonly attention: SelfAttentionParams<T>;
  readonly norm2: NormParams<T>;
  readonly mlp: MlpParams<T>;
}

export interface EncoderBlockOptions {
  readonly numHeads: number;
  readonly activation: GeluForm;
  readonly epsilon: number;
}

/**
 * Pre-norm transformer block (Dosovitskiy et al. 2021, eqs. 2–3): [B, N, D] → [B, N, D]. The residuals are added inside
 * the last product of each branch. Probes `norm1`, `attention.weights`, `attended`, `norm2`.
 */
export function encoderBlock(
  x: Tensor3D,
  params: EncoderBlockParams,
  { numHeads, activation, epsilon }: EncoderBlockOptions,
  probe?: Probe,
): Tensor3D {
  return tidy(() => {
    const normed1 = norm(x, params.norm1, epsilon);
    probe?.('norm1', normed1);
    const options = { numHeads, residual: x };
    const attended = selfAttention(normed1, params.attention, options, scoped(probe, 'attention'));
    probe?.('attended', attended);
    const normed2 = norm(attended, params.norm2, epsilon);
    probe?.('norm2', normed2);
    return mlp(normed2, params.mlp, { activation, residual: attended });
  });
}
