import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { tidy } from '../tensor/tfjs.ts';
import type { Activation } from '../tensor/ops/linear.ts';
import type { AttentionForm } from './attend.ts';
import { mlp } from './mlp.ts';
import type { MlpParams } from './mlp.ts';
import { norm } from './norm.ts';
import type { NormParams } from './norm.ts';
import { scoped } from './probe.ts';
import type { Probe } from './probe.ts';
import { crossAttention, selfAttention } from './self-attention.ts';
import type { CrossAttentionParams, SelfAttentionParams } from './self-attention.ts';

export interface DecoderBlockParams<T = Tensor> {
  readonly norm1: NormParams<T>;
  readonly attention: SelfAttentionParams<T>;
  readonly norm2: NormParams<T>;
  readonly crossAttention: CrossAttentionParams<T>;
  readonly norm3: NormParams<T>;
  readonly mlp: MlpParams<T>;
}

export interface DecoderBlockOptions {
  readonly numHeads: number;
  readonly activation: Activation;
  readonly epsilon: number;
  /** Of the self-attention: a mask by `causal`, as a rule. */
  readonly form?: AttentionForm | undefined;
  /** Which tokens of the memory are padding: [B or 1, 1, Nq, Nk]. */
  readonly memoryMask?: Tensor4D | undefined;
}

/**
 * Pre-norm decoder block (Vaswani et al. 2017, section 3.1): masked self-attention, attention to the encoder's tokens, MLP,
 * each added to what it was given: x [B, Nq, D], memory [B, Nk, D] → [B, Nq, D].
 * Probes `attention` and `crossAttention` as their layers do.
 */
export function decoderBlock(
  x: Tensor3D,
  memory: Tensor3D,
  params: DecoderBlockParams,
  { numHeads, activation, epsilon, form, memoryMask }: DecoderBlockOptions,
  probe?: Probe,
): Tensor3D {
  return tidy(() => {
    const within = { numHeads, epsilon, form, residual: x };
    const attended = selfAttention(
      norm(x, params.norm1, epsilon),
      params.attention,
      within,
      scoped(probe, 'attention'),
    );
    const across = { numHeads, epsilon, form: { mask: memoryMask }, residual: attended };
    const informed = crossAttention(
      norm(attended, params.norm2, epsilon),
      memory,
      params.crossAttention,
      across,
      scoped(probe, 'crossAttention'),
    );
    return mlp(norm(informed, params.norm3, epsilon), params.mlp, { activation, residual: informed });
  });
}
