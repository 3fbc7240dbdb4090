import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import { add, mul, slice, tidy } from '../tensor/tfjs.ts';
import type { Activation } from '../tensor/ops/linear.ts';
import type { AttentionForm } from './attend.ts';
import { mlp } from './mlp.ts';
import type { MlpParams } from './mlp.ts';
import { norm } from './norm.ts';
import type { NormParams } from './norm.ts';
import { replaceable, scoped } from './probe.ts';
import type { Probe } from './probe.ts';
import { crossAttention, selfAttention } from './self-attention.ts';
import type { SelfAttentionParams } from './self-attention.ts';

export interface EncoderBlockParams<T = Tensor> {
  readonly norm1: NormParams<T>;
  readonly attention: SelfAttentionParams<T>;
  /** [D]: factor of the attention branch; absent in most models. */
  readonly scale1?: T | undefined;
  readonly norm2: NormParams<T>;
  readonly mlp: MlpParams<T>;
  /** [D]: factor of the MLP branch. */
  readonly scale2?: T | undefined;
}

export interface EncoderBlockOptions {
  readonly numHeads: number;
  readonly activation: Activation;
  readonly epsilon: number;
  readonly form?: AttentionForm | undefined;
  readonly factors?: BranchFactors | undefined;
  /** How many tokens from the first on are asked for: the others need no query and no MLP. All when absent. */
  readonly read?: number | undefined;
}

/** What the branches of each image are multiplied by, [B, 1, 1]: stochastic depth while training. */
export interface BranchFactors {
  readonly attention?: Tensor3D | undefined;
  readonly mlp?: Tensor3D | undefined;
}

/**
 * Pre-norm transformer block (Dosovitskiy et al. 2021, eqs. 2–3): [B, N, D] → [B, N, D], or [B, read, D] where nothing
 * stands against leaving the rest out.
 * Probes `norm1`, which may be replaced, `attention` as its layer does, `attended`, `norm2`.
 */
export function encoderBlock(
  x: Tensor3D,
  params: EncoderBlockParams,
  options: EncoderBlockOptions,
  probe?: Probe,
): Tensor3D {
  const { numHeads, activation, epsilon, form, factors = {}, read } = options;
  return tidy(() => {
    const normed1 = replaceable(probe, 'norm1', norm(x, params.norm1, epsilon));
    const branches = [params.scale1, factors.attention];
    const attend = { numHeads, epsilon, form };
    const { attention } = params;
    // A form may have to know of every query, and who looks inside expects them.
    const isShort = read !== undefined && form === undefined && probe === undefined && 'query' in attention;
    const attended = isShort
      ? addBranch(first(x, read), branches, (residual) =>
          crossAttention(first(normed1, read), normed1, attention, { ...attend, residual }),
        )
      : addBranch(x, branches, (residual) =>
          selfAttention(normed1, attention, { ...attend, residual }, scoped(probe, 'attention')),
        );
    probe?.('attended', attended);
    const normed2 = norm(attended, params.norm2, epsilon);
    probe?.('norm2', normed2);
    return addBranch(attended, [params.scale2, factors.mlp], (residual) =>
      mlp(normed2, params.mlp, { activation, residual }),
    );
  });
}

function first(x: Tensor3D, count: number): Tensor3D {
  return slice(x, [0, 0, 0], [-1, count, -1]);
}

/** x + factors ⊙ branch. Without a factor the branch adds x itself, inside its last product. */
function addBranch(
  x: Tensor3D,
  factors: readonly (Tensor | undefined)[],
  branch: (residual: Tensor3D | undefined) => Tensor3D,
): Tensor3D {
  const present = factors.filter((factor) => factor !== undefined);
  if (present.length === 0) return branch(x);
  return add(
    x,
    present.reduce<Tensor3D>((product, factor) => mul(product, factor), branch(undefined)),
  );
}
