import type { Rank, Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import { reshape, split, tidy } from '../tensor/tfjs.ts';
import { jointAttention } from '../tensor/ops/attention.ts';
import { attend, sumOfMasks } from './attend.ts';
import type { AttentionForm } from './attend.ts';
import { project } from './linear.ts';
import type { LinearParams } from './linear.ts';
import { norm } from './norm.ts';
import type { NormParams } from './norm.ts';
import { replaceable } from './probe.ts';
import type { Probe } from './probe.ts';
import { relativeBias } from './relative-positions.ts';
import { rotate } from './rotary.ts';

/** Three products, the heads side by side in the columns. */
export interface SeparateQkv<T = Tensor> {
  /** [D, D] each. */
  readonly query: LinearParams<T>;
  readonly key: LinearParams<T>;
  readonly value: LinearParams<T>;
}

/** The same as one product: the columns of query, key and value one after the other. */
export interface FusedQkv<T = Tensor> {
  /** [D, 3·D] */
  readonly qkv: LinearParams<T>;
}

interface HeadsParams<T = Tensor> {
  /** Over the width of a head [Dh]; absent in most models. */
  readonly queryNorm?: NormParams<T> | undefined;
  readonly keyNorm?: NormParams<T> | undefined;
  /** v of additive attention [H, Dh]. */
  readonly score?: T | undefined;
  /** Of relative positions: a table [offsets, H], or [3, H] for the quadratic encoding. */
  readonly relative?: T | undefined;
  /** Mixes the concatenated heads: Wᴼ [D, D]. */
  readonly output: LinearParams<T>;
}

export type SelfAttentionParams<T = Tensor> = (SeparateQkv<T> | FusedQkv<T>) & HeadsParams<T>;

export type CrossAttentionParams<T = Tensor> = SeparateQkv<T> & HeadsParams<T>;

export interface AttentionLayerOptions {
  readonly numHeads: number;
  /** ε of the query and key norms. */
  readonly epsilon: number;
  readonly residual?: Tensor3D | undefined;
  /** Every token to every other by the scaled dot product when absent. */
  readonly form?: AttentionForm | undefined;
}

/**
 * Multi-head self-attention (Vaswani et al. 2017, section 3.2.2), plus the residual: [B, N, D] → [B, N, D].
 * Probes `query`, `key`, `value` as they meet, `weights` [B, H, N, N], which exist only while a probe asks for them, and
 * `heads` [B, N, D], the heads' outputs side by side, which may be replaced.
 */
export function selfAttention(
  x: Tensor3D,
  params: SelfAttentionParams,
  options: AttentionLayerOptions,
  probe?: Probe,
): Tensor3D {
  return tidy(() => {
    if (!isJoint(params, options, probe)) return attendAndMix(selfProjections(x, params), params, options, probe);
    const { numHeads, residual, form } = options;
    const attended = jointAttention(project(x, params.qkv), { numHeads, mask: form?.mask });
    return project(attended, params.output, { residual });
  });
}

/** Whether query, key and value may stay in one tensor: nothing is done to each of them, and nobody looks. */
function isJoint(
  params: SelfAttentionParams,
  { form = {} }: AttentionLayerOptions,
  probe: Probe | undefined,
): params is FusedQkv & HeadsParams {
  const { mechanism = { kind: 'scaled-dot' }, rotary, relative } = form;
  const isPlain = mechanism.kind === 'scaled-dot' && rotary === undefined && relative === undefined;
  return 'qkv' in params && isPlain && !params.queryNorm && !params.keyNorm && probe === undefined;
}

/**
 * The same with queries from one sequence, keys and values from another: x [B, Nq, D], memory [B, Nk, D] → [B, Nq, D].
 * Probes as `selfAttention` does.
 */
export function crossAttention(
  x: Tensor3D,
  memory: Tensor3D,
  params: CrossAttentionParams,
  options: AttentionLayerOptions,
  probe?: Probe,
): Tensor3D {
  return tidy(() => {
    const projections = [project(x, params.query), project(memory, params.key), project(memory, params.value)] as const;
    return attendAndMix(projections, params, options, probe);
  });
}

type Projections = readonly [query: Tensor3D, key: Tensor3D, value: Tensor3D];

function selfProjections(x: Tensor3D, params: SelfAttentionParams): Projections {
  if ('query' in params) return [project(x, params.query), project(x, params.key), project(x, params.value)];
  const [query, key, value] = split<Tensor3D>(project(x, params.qkv), 3, -1);
  return [query!, key!, value!];
}

function attendAndMix(
  [query, key, value]: Projections,
  params: HeadsParams,
  { numHeads, epsilon, residual, form = {} }: AttentionLayerOptions,
  probe: Probe | undefined,
): Tensor3D {
  const { mechanism, rotary, relative } = form;
  const placed = (x: Tensor3D): Tensor3D => (rotary === undefined ? x : rotate(x, rotary));
  const q = placed(normHeads(query, params.queryNorm, numHeads, epsilon));
  const k = placed(normHeads(key, params.keyNorm, numHeads, epsilon));
  probe?.('query', q);
  probe?.('key', k);
  probe?.('value', value);
  const bias = relative && params.relative && relativeBias(relative, params.relative);
  const mask = sumOfMasks(form.mask, bias);
  const attended = attend(q, k, value, { numHeads, mechanism, mask, score: params.score }, probe);
  return project(replaceable(probe, 'heads', attended), params.output, { residual });
}

/** Layer-norms each head of [B, N, H·Dh] by itself. */
function normHeads(x: Tensor3D, params: NormParams | undefined, numHeads: number, epsilon: number): Tensor3D {
  if (params === undefined) return x;
  const [B, N, D] = x.shape;
  const heads = reshape<Rank.R4>(x, [B, N, numHeads, D / numHeads]);
  return reshape<Rank.R3>(norm(heads, params, epsilon), [B, N, D]);
}
