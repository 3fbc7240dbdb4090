import { reshape, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import { attention, attentionWithWeights } from '../tensor/ops/attention.ts';
import { project } from './linear.ts';
import type { LinearParams } from './linear.ts';
import { norm } from './norm.ts';
import type { NormParams } from './norm.ts';
import type { Probe } from './probe.ts';

export interface SelfAttentionParams<T = Tensor> {
  /** [D, D] each, the heads side by side in the columns. */
  readonly query: LinearParams<T>;
  readonly key: LinearParams<T>;
  readonly value: LinearParams<T>;
  /** Over the width of a head [Dh]; absent in most models. */
  readonly queryNorm?: NormParams<T> | undefined;
  readonly keyNorm?: NormParams<T> | undefined;
  /** Mixes the concatenated heads: Wᴼ [D, D]. */
  readonly output: LinearParams<T>;
}

export interface SelfAttentionOptions {
  readonly numHeads: number;
  /** ε of the query and key norms. */
  readonly epsilon: number;
  readonly residual?: Tensor3D | undefined;
}

/**
 * Multi-head self-attention (Vaswani et al. 2017, section 3.2.2), plus the residual: [B, N, D] → [B, N, D].
 * Probes `weights` [B, H, N, N], which exist only while a probe asks for them.
 */
export function selfAttention(
  x: Tensor3D,
  params: SelfAttentionParams,
  { numHeads, epsilon, residual }: SelfAttentionOptions,
  probe?: Probe,
): Tensor3D {
  return tidy(() => {
    const q = normHeads(project(x, params.query), params.queryNorm, numHeads, epsilon);
    const k = normHeads(project(x, params.key), params.keyNorm, numHeads, epsilon);
    const v = project(x, params.value);
    if (probe === undefined) return project(attention(q, k, v, { numHeads }), params.output, { residual });
    const { output, weights } = attentionWithWeights(q, k, v, { numHeads });
    probe('weights', weights);
    return project(output, params.output, { residual });
  });
}

/** Layer-norms each head of [B, N, H·Dh] by itself. */
function normHeads(x: Tensor3D, params: NormParams | undefined, numHeads: number, epsilon: number): Tensor3D {
  if (params === undefined) return x;
  const [B, N, D] = x.shape;
  const heads = reshape<Rank.R4>(x, [B, N, numHeads, D / numHeads]);
  return reshape<Rank.R3>(norm(heads, params, epsilon), [B, N, D]);
}
