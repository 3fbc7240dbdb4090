import { tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import { attention, attentionWithWeights } from '../tensor/ops/attention.ts';
import { project } from './linear.ts';
import type { LinearParams } from './linear.ts';
import type { Probe } from './probe.ts';

export interface SelfAttentionParams<T = Tensor> {
  /** [D, D] each, the heads side by side in the columns. */
  readonly query: LinearParams<T>;
  readonly key: LinearParams<T>;
  readonly value: LinearParams<T>;
  /** Mixes the concatenated heads: Wᴼ [D, D]. */
  readonly output: LinearParams<T>;
}

export interface SelfAttentionOptions {
  readonly numHeads: number;
  readonly residual?: Tensor3D;
}

/**
 * Multi-head self-attention (Vaswani et al. 2017, section 3.2.2), plus the residual: [B, N, D] → [B, N, D].
 * Probes `weights` [B, H, N, N], which exist only while a probe asks for them.
 */
export function selfAttention(
  x: Tensor3D,
  params: SelfAttentionParams,
  { numHeads, ...skip }: SelfAttentionOptions,
  probe?: Probe,
): Tensor3D {
  return tidy(() => {
    const q = project(x, params.query);
    const k = project(x, params.key);
    const v = project(x, params.value);
    if (probe === undefined) return project(attention(q, k, v, { numHeads }), params.output, skip);
    const { output, weights } = attentionWithWeights(q, k, v, { numHeads });
    probe('weights', weights);
    return project(output, params.output, skip);
  });
}
