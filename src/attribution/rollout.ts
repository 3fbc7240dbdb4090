import { ArgumentError } from '../errors.ts';
import { fuseHeads } from './heads.ts';
import type { HeadFusion, HeadMatrices } from './heads.ts';

export interface RolloutOptions {
  readonly fusion?: HeadFusion | undefined;
  readonly heads?: readonly number[] | undefined;
  readonly discard?: Discard | undefined;
}

/** Sets the smallest values of a fused matrix to zero before rows are normalised. */
export interface Discard {
  /** Share of all N² values, 0…1. */
  readonly ratio: number;
  /** A row is never discarded: that of the class token. None where absent. */
  readonly keepRow?: number | undefined;
  /**
   * Keep only the value at [0, 0] in place of a row, as the code of vit-explain does where its comment says «don't drop
   * the class token».
   */
  readonly keepFirstValueOnly?: boolean | undefined;
}

/**
 * One layer's step of attention rollout (Abnar & Zuidema 2020): the fused heads plus the identity for the residual
 * connection, each row divided by its own sum. [N, N]
 */
export function rolloutStep(weights: HeadMatrices, options: RolloutOptions = {}): Float32Array {
  const fused = fuseHeads(weights, options.fusion ?? 'mean', options.heads);
  return normalisedWithIdentity(discarded(fused, weights.numTokens, options.discard), weights.numTokens);
}

/** Changes `matrix` in place. */
export function normalisedWithIdentity(matrix: Float32Array, N: number): Float32Array {
  for (let q = 0; q < N; q += 1) {
    let sum = 1;
    for (let at = q * N; at < (q + 1) * N; at += 1) sum += matrix[at]!;
    matrix[q * N + q]! += 1;
    for (let at = q * N; at < (q + 1) * N; at += 1) matrix[at]! /= sum;
  }
  return matrix;
}

/** Changes `matrix` [N, N] in place. @throws ArgumentError for a ratio outside 0…1. */
export function discarded(matrix: Float32Array, N: number, discard: Discard | undefined): Float32Array {
  if (discard === undefined) return matrix;
  const { ratio, keepRow, keepFirstValueOnly = false } = discard;
  if (!(ratio >= 0 && ratio <= 1)) throw new ArgumentError(`discard: expected a ratio from 0 to 1, got ${ratio}`);
  const count = Math.floor(N * N * ratio);
  if (count === 0) return matrix;
  const threshold = Float32Array.from(matrix).toSorted()[count - 1]!;
  let numBelow = 0;
  for (const value of matrix) if (value < threshold) numBelow += 1;
  // Of equal values the first ones go, so that it is always exactly `count`.
  let numEqual = count - numBelow;
  const isKept = (at: number): boolean => (keepFirstValueOnly ? at === 0 : Math.floor(at / N) === keepRow);
  for (let at = 0; at < N * N; at += 1) {
    const value = matrix[at]!;
    const goes = value < threshold || (value === threshold && numEqual > 0);
    if (value === threshold && goes) numEqual -= 1;
    if (goes && !isKept(at)) matrix[at] = 0;
  }
  return matrix;
}
