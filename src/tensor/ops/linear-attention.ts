import type { Rank, Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import {
  add,
  concat,
  cumsum,
  div,
  elu,
  matMul,
  minimum,
  mul,
  neg,
  ones,
  pad,
  reshape,
  slice,
  sum,
  tensor2d,
  tidy,
} from '../tfjs.ts';
import { ArgumentError } from '../../errors.ts';
import { dims } from '../dims.ts';
import { defineOp, runOp } from '../op.ts';
import { mergeHeads, splitHeads } from './attention.ts';

export interface LinearAttentionOptions {
  readonly numHeads: number;
  /** Whether a query sees only its own and earlier keys. */
  readonly causal: boolean;
}

interface LinearAttentionAttrs {
  readonly numHeads: number;
  readonly causal: boolean;
}

/** Added to the sum of a row's similarities, as the authors' implementation does: features of far negative keys are 0. */
export const LINEAR_ATTENTION_EPSILON = 1e-6;

/** Positions per chunk of the causal form: scores are C² within a chunk, states D² between chunks. */
const CHUNK = 64;

/**
 * Attention whose similarity is φ(q)·φ(k) with φ(x) = elu(x) + 1 in place of exp(q·k) (Katharopoulos et al. 2020, eqs. 5
 * and 9): query [B, Nq, D], key [B, Nk, D], value [B, Nk, Dv] → [B, Nq, Dv]. Time and memory grow with N·Dh, not with N²,
 * the gradient's too.
 *
 * @throws ArgumentError when the widths are not multiples of numHeads; ShapeError when shapes do not fit together.
 */
export function linearAttention(q: Tensor3D, k: Tensor3D, v: Tensor3D, options: LinearAttentionOptions): Tensor3D {
  const { numHeads, causal } = options;
  const { B, N, D } = dims('linear attention query', q, 'B N D');
  const { N: Nk } = dims('linear attention key', k, 'B N D', causal ? { B, N, D } : { B, D });
  const { D: Dv } = dims('linear attention value', v, 'B N D', { B, N: Nk });
  if (!Number.isInteger(numHeads) || numHeads < 1 || D % numHeads !== 0 || Dv % numHeads !== 0) {
    throw new ArgumentError(`linear attention numHeads: expected a divisor of ${D} and ${Dv}, got ${numHeads}`);
  }
  // One output, [B, Nq, Dv].
  return runOp(LINEAR_ATTENTION, [q, k, v], { numHeads, causal })[0] as Tensor3D;
}

/** φ(x) = elu(x) + 1, positive everywhere. */
export function featureMap<T extends Tensor>(x: T): T {
  return add<T>(elu(x), 1);
}

const LINEAR_ATTENTION = defineOp<LinearAttentionAttrs>({
  name: 'PatchlensLinearAttention',
  compose: (inputs, attrs) => {
    const { numerator, denominator } = sums(operandsOf(inputs, attrs), attrs);
    return [fromChunks(div(numerator, denominator), inputs[0]!.shape)];
  },
  gradient: ([dy], inputs, attrs) => {
    const gradients = tidy(() => gradientsOf(dy!, inputs, attrs));
    return gradients.map((gradient) => () => gradient);
  },
});

/** Features and values in chunks [B·H, n, C, width]; a non-causal sequence is one chunk. */
interface Operands {
  readonly q: Tensor4D;
  readonly k: Tensor4D;
  /** With a last column of ones, whose sums are the denominator. */
  readonly v: Tensor4D;
}

function operandsOf([query, key, value]: readonly Tensor[], { numHeads, causal }: LinearAttentionAttrs): Operands {
  const heads = splitHeads(value!, numHeads);
  const withOnes = concat([heads, ones([...heads.shape.slice(0, 3), 1])], 3);
  return {
    q: toChunks(featureMap(splitHeads(query!, numHeads)), causal),
    k: toChunks(featureMap(splitHeads(key!, numHeads)), causal),
    v: toChunks(withOnes, causal),
  };
}

/** Per query Σ φ(q)·φ(k) v and Σ φ(q)·φ(k): [B·H, n, C, Dh] and [B·H, n, C, 1]. */
function sums({ q, k, v }: Operands, { causal }: LinearAttentionAttrs): { numerator: Tensor; denominator: Tensor } {
  const all = matMul(q, earlier(matMul(k, v, true, false), causal)); // [B·H, n, C, Dh + 1]
  const both = causal ? add(all, matMul(lowerTriangle(matMul(q, k, false, true)), v)) : all;
  const width = v.shape[3] - 1;
  return {
    numerator: slice(both, [0, 0, 0, 0], [-1, -1, -1, width]),
    denominator: add(slice(both, [0, 0, 0, width], [-1, -1, -1, 1]), LINEAR_ATTENTION_EPSILON),
  };
}

/**
 * With a = [numerator, denominator] linear in each of φ(q), φ(k) and v, its gradients have its own form: sums over earlier
 * chunks for the queries, over later ones for keys and values, and a triangle within the chunk.
 */
function gradientsOf(dy: Tensor, inputs: readonly Tensor[], attrs: LinearAttentionAttrs): Tensor[] {
  const { numHeads, causal } = attrs;
  const operands = operandsOf(inputs, attrs);
  const { q, k, v } = operands;
  const { numerator, denominator } = sums(operands, attrs);
  const dNumerator = div(toChunks(splitHeads(dy, numHeads), causal), denominator);
  const dDenominator = neg(sum(mul(dNumerator, div(numerator, denominator)), -1, true));
  const da = concat([dNumerator, dDenominator], 3);
  const before = earlier(matMul(k, v, true, false), causal);
  const after = later(matMul(q, da, true, false), causal);
  const across = [matMul(da, before, false, true), matMul(v, after, false, true), matMul(k, after)];
  const within = causal ? chunkGradients(operands, da) : [];
  const [dq, dk, dv] = across.map((gradient, i) => (within[i] === undefined ? gradient : add(gradient, within[i])));
  const [query, key, value] = inputs;
  return [
    mul(fromChunks(dq!, query!.shape), featureSlope(query!)),
    mul(fromChunks(dk!, key!.shape), featureSlope(key!)),
    fromChunks(slice(dv!, [0, 0, 0, 0], [-1, -1, -1, v.shape[3] - 1]), value!.shape),
  ];
}

function chunkGradients({ q, k, v }: Operands, da: Tensor): Tensor[] {
  const scores = lowerTriangle(matMul(q, k, false, true));
  const dScores = lowerTriangle(matMul(da, v, false, true));
  return [matMul(dScores, k), matMul(dScores, q, true, false), matMul(scores, da, true, false)];
}

/** φ′ = 1 above zero, eˣ = φ below. */
function featureSlope(x: Tensor): Tensor {
  return minimum(featureMap(x), 1);
}

/** What a chunk knows of the others: the states of those before it, or of all where nothing is hidden. */
function earlier(states: Tensor, causal: boolean): Tensor {
  return causal ? cumsum(states, 1, true, false) : states;
}

function later(states: Tensor, causal: boolean): Tensor {
  return causal ? cumsum(states, 1, true, true) : states;
}

function lowerTriangle(scores: Tensor): Tensor {
  const [, , C = 0] = scores.shape;
  const isSeen = Float32Array.from({ length: C * C }, (_, i) => Number(i % C <= Math.floor(i / C)));
  return mul(scores, tensor2d(isSeen, [C, C]));
}

/** [B, H, N, width] → [B·H, n, C, width], zeros after the end. */
function toChunks(x: Tensor, causal: boolean): Tensor4D {
  const [B = 0, H = 0, N = 0, width = 0] = x.shape;
  const C = causal ? Math.min(CHUNK, N) : N;
  const n = Math.ceil(N / C);
  const flat = reshape<Rank.R3>(x, [B * H, N, width]);
  const padded = pad(flat, [
    [0, 0],
    [0, n * C - N],
    [0, 0],
  ]);
  return reshape<Rank.R4>(padded, [B * H, n, C, width]);
}

/** [B·H, n, C, width] → [B, N, H·width], where `like` is of shape [B, N, …]. */
function fromChunks(x: Tensor, [B = 0, N = 0]: readonly number[]): Tensor {
  const [G = 0, n = 0, C = 0, width = 0] = x.shape;
  const flat = slice(reshape<Rank.R3>(x, [G, n * C, width]), [0, 0, 0], [-1, N, -1]);
  return mergeHeads(reshape(flat, [B, G / B, N, width]));
}
