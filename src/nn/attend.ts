import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { add, tidy } from '../tensor/tfjs.ts';
import { ArgumentError } from '../errors.ts';
import { attention, attentionWithWeights } from '../tensor/ops/attention.ts';
import type { AttentionOptions } from '../tensor/ops/attention.ts';
import { linearAttention } from '../tensor/ops/linear-attention.ts';
import { additiveAttention } from './additive-attention.ts';
import { localAttention } from './local-attention.ts';
import type { Reach } from './local-attention.ts';
import type { Grid } from './blocks.ts';
import type { Probe } from './probe.ts';
import type { RelativePositions } from './relative-positions.ts';
import type { Rotary } from './rotary.ts';

export type Mechanism =
  /** softmax(q·k / √Dh) */
  | { readonly kind: 'scaled-dot' }
  /** softmax(q·k) */
  | { readonly kind: 'dot' }
  /** softmax(v·tanh(q + k)), with the parameter `score`. */
  | { readonly kind: 'additive' }
  /** φ(q)·φ(k) without a softmax, at a cost linear in N. */
  | { readonly kind: 'linear'; readonly causal: boolean }
  /** softmax(q·k / √Dh) over what is near on the grid, at a cost linear in N. */
  | { readonly kind: 'local'; readonly grid: Grid; readonly reach: Reach };

/** How tokens attend to each other, where it is not every token to every other by the scaled dot product. */
export interface AttentionForm {
  readonly mechanism?: Mechanism | undefined;
  /** As `attentionMask` makes it. */
  readonly mask?: Tensor4D | undefined;
  /** Turns queries and keys by their positions. */
  readonly rotary?: Rotary | undefined;
  /** Adds a bias by offset, with the parameter `relative`. */
  readonly relative?: RelativePositions | undefined;
}

export interface AttendOptions {
  readonly numHeads: number;
  readonly mechanism?: Mechanism | undefined;
  /** Added to the scores: masks and position biases. */
  readonly mask?: Tensor4D | undefined;
  /** [H, Dh], of additive attention. */
  readonly score?: Tensor | undefined;
}

/**
 * One mechanism of attention: query [B, Nq, D], key [B, Nk, D], value [B, Nk, Dv] → [B, Nq, Dv]. Probes `weights`
 * [B, H, Nq, Nk] where the mechanism has them all.
 *
 * @throws ArgumentError when the mechanism has no use for a mask or misses its parameter.
 */
export function attend(q: Tensor3D, k: Tensor3D, v: Tensor3D, options: AttendOptions, probe?: Probe): Tensor3D {
  const { numHeads, mechanism = { kind: 'scaled-dot' }, mask, score } = options;
  switch (mechanism.kind) {
    case 'scaled-dot':
      return dotAttention(q, k, v, { numHeads, mask }, probe);
    case 'dot':
      return dotAttention(q, k, v, { numHeads, mask, scale: 1 }, probe);
    case 'additive': {
      if (score === undefined) throw new ArgumentError('additive attention: expected the parameter score, got none');
      const { output, weights } = additiveAttention(q, k, v, { score, mask });
      probe?.('weights', weights);
      return output;
    }
    case 'linear':
      refuseMask(mask, 'linear');
      return linearAttention(q, k, v, { numHeads, causal: mechanism.causal });
    case 'local':
      refuseMask(mask, 'local');
      return localAttention(q, k, v, { numHeads, grid: mechanism.grid, reach: mechanism.reach });
  }
}

function dotAttention(q: Tensor3D, k: Tensor3D, v: Tensor3D, options: AttentionOptions, probe?: Probe): Tensor3D {
  if (probe === undefined) return attention(q, k, v, options);
  const { output, weights } = attentionWithWeights(q, k, v, options);
  probe('weights', weights);
  return output;
}

function refuseMask(mask: Tensor4D | undefined, kind: string): void {
  if (mask === undefined) return;
  throw new ArgumentError(
    `${kind} attention: expected no mask or position bias, since it has no N x N scores, got one`,
  );
}

/** The sum of what is there. */
export function sumOfMasks(mask: Tensor4D | undefined, bias: Tensor4D | undefined): Tensor4D | undefined {
  return mask === undefined || bias === undefined ? (mask ?? bias) : tidy(() => add<Tensor4D>(mask, bias));
}
