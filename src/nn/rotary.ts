import type { Rank, Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import { add, mul, reshape, tensor, tidy } from '../tensor/tfjs.ts';
import { ArgumentError } from '../errors.ts';
import { linear } from '../tensor/ops/linear.ts';
import type { Grid } from './blocks.ts';

/** What rotates the queries and keys of a grid of tokens. */
export interface Rotary {
  /** [N, 1, Dh] */
  readonly cos: Tensor;
  /** [N, 1, Dh] */
  readonly sin: Tensor;
  /** [Dh, Dh]: takes each pair (a, b) to (−b, a). */
  readonly turn: Tensor;
}

const BASE = 10_000;

/**
 * Rotary positions of a grid (Su et al. 2021, in two dimensions as Heo et al. 2024 write them, axial): the first half of a
 * head's pairs turns with the row, the second with the column, so that q·k depends on the difference of both alone. The
 * prefix does not turn. The caller owns the tensors.
 *
 * @throws ArgumentError when the width of a head is not a multiple of four.
 */
export function rotary2d({ Gh, Gw }: Grid, numPrefix: number, headDim: number): Rotary {
  if (headDim % 4 !== 0) {
    throw new ArgumentError(`rotary positions: expected a head width that is a multiple of 4, got ${headDim}`);
  }
  const N = numPrefix + Gh * Gw;
  const angles = Float64Array.from({ length: N * headDim }, (_, i) => {
    const patch = Math.floor(i / headDim) - numPrefix;
    return patch < 0 ? 0 : angleOf(Math.floor(patch / Gw), patch % Gw, i % headDim, headDim);
  });
  const turn = new Float32Array(headDim * headDim);
  for (let pair = 0; pair < headDim; pair += 2) {
    turn[pair * headDim + pair + 1] = 1;
    turn[(pair + 1) * headDim + pair] = -1;
  }
  return {
    cos: tensor(Float32Array.from(angles, Math.cos), [N, 1, headDim]),
    sin: tensor(Float32Array.from(angles, Math.sin), [N, 1, headDim]),
    turn: tensor(turn, [headDim, headDim]),
  };
}

/** Neighbouring values 2i and 2i + 1 share an angle. */
function angleOf(row: number, column: number, index: number, headDim: number): number {
  const half = headDim / 2;
  const position = index < half ? row : column;
  const pair = Math.floor((index % half) / 2);
  return position * BASE ** ((-2 * pair) / half);
}

/** Turns each head of each token by its position: [B, N, H·Dh] → the same. */
export function rotate(x: Tensor3D, { cos, sin, turn }: Rotary): Tensor3D {
  return tidy(() => {
    const [B, N, D] = x.shape;
    const headDim = turn.shape[0] ?? D;
    const heads = reshape<Rank.R4>(x, [B, N, D / headDim, headDim]);
    return reshape<Rank.R3>(add(mul(heads, cos), mul(linear(heads, turn), sin)), [B, N, D]);
  });
}
