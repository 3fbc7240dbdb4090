import { ArgumentError } from '../errors.ts';
import { checkLength } from './token-grid.ts';

/** A value for each head and each pair of a query (row) and a key (column) of one layer and image: [H, N, N]. */
export interface HeadMatrices {
  readonly numHeads: number;
  readonly numTokens: number;
  readonly data: Float32Array;
}

export const HEAD_FUSIONS = ['mean', 'max', 'min'] as const;
/** How the matrices of several heads become one. */
export type HeadFusion = (typeof HEAD_FUSIONS)[number];

/**
 * One matrix [N, N] of several heads: all of them, or those given.
 *
 * @throws ArgumentError for a head that there is none of.
 */
export function fuseHeads(matrices: HeadMatrices, fusion: HeadFusion, heads?: readonly number[]): Float32Array {
  const size = matrices.numTokens ** 2;
  const chosen = (heads ?? allHeads(matrices)).map((head) => headOf(matrices, head));
  const [first, ...others] = chosen;
  if (first === undefined) throw new ArgumentError('heads: expected at least one, got none');
  if (fusion === 'mean') return meanOf(chosen, size);
  const fused = Float32Array.from(first);
  const better = fusion === 'max' ? Math.max : Math.min;
  for (const head of others) for (let i = 0; i < size; i += 1) fused[i] = better(fused[i]!, head[i]!);
  return fused;
}

/** [N, N] of one head, a view. */
export function headOf({ data, numHeads, numTokens }: HeadMatrices, head: number): Float32Array {
  checkLength('heads', data.length, numHeads * numTokens ** 2);
  if (Number.isInteger(head) && head >= 0 && head < numHeads) {
    return data.subarray(head * numTokens ** 2, (head + 1) * numTokens ** 2);
  }
  throw new ArgumentError(`head: expected a whole number from 0 to ${numHeads - 1}, got ${head}`);
}

export function allHeads({ numHeads }: HeadMatrices): number[] {
  return Array.from({ length: numHeads }, (_, head) => head);
}

function meanOf(matrices: readonly Float32Array[], size: number): Float32Array {
  // Sums of a few float32 numbers, rounded once more: far below what float32 softmax weights are good for.
  const mean = new Float32Array(size);
  for (const matrix of matrices) for (let i = 0; i < size; i += 1) mean[i]! += matrix[i]!;
  for (let i = 0; i < size; i += 1) mean[i]! /= matrices.length;
  return mean;
}

/**
 * What a sum of queries [N] takes from each key: weightsᵀ·A, in O(N²).
 */
export function rowThrough(weights: ArrayLike<number>, matrix: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const N = weights.length;
  checkLength('matrix', matrix.length, N * N);
  const row = new Float64Array(N);
  for (let q = 0; q < N; q += 1) {
    const weight = weights[q]!;
    if (weight === 0) continue;
    for (let k = 0, at = q * N; k < N; k += 1, at += 1) row[k]! += weight * matrix[at]!;
  }
  return row;
}

/** What each query gives to a sum of keys [N]: A·weights, in O(N²). */
export function columnThrough(matrix: ArrayLike<number>, weights: ArrayLike<number>): Float64Array {
  const N = weights.length;
  checkLength('matrix', matrix.length, N * N);
  return Float64Array.from({ length: N }, (_, q) => {
    let sum = 0;
    for (let k = 0; k < N; k += 1) sum += matrix[q * N + k]! * weights[k]!;
    return sum;
  });
}
