import ndarray, { type NdArray } from 'ndarray';

import { ArgumentError, ShapeError } from '../errors.ts';

/** What a sequence of tokens is: those before the patches, by name, then Gh rows of Gw patches. */
export interface TokenGrid {
  readonly Gh: number;
  readonly Gw: number;
  /** `class`, `distillation`, `register 0` …, in their order; empty where the patches stand alone. */
  readonly prefix: readonly string[];
}

/** A token, or all patches together: a prefix token's name, the [row, column] of a patch, or `patches`. */
export type TokenName = string | readonly [row: number, column: number];

/** The average over all patches, which is what a mean-pooled network reads. */
export const PATCHES = 'patches';

/** Prefix and patches: the N of every attention matrix [H, N, N]. */
export function numTokensOf({ Gh, Gw, prefix }: TokenGrid): number {
  return prefix.length + Gh * Gw;
}

/**
 * A token as the weights of a sum over all tokens [N]: one at the token, or the same share at every patch.
 *
 * @throws ArgumentError when the grid has no such token.
 */
export function tokenWeights(grid: TokenGrid, token: TokenName): Float64Array {
  const { prefix, Gh, Gw } = grid;
  const weights = new Float64Array(numTokensOf(grid));
  if (token === PATCHES) return weights.fill(1 / (Gh * Gw), prefix.length);
  weights[tokenIndex(grid, token)] = 1;
  return weights;
}

/** @throws ArgumentError when the grid has no such token. */
export function tokenIndex({ Gh, Gw, prefix }: TokenGrid, token: TokenName): number {
  if (typeof token === 'string') {
    const index = prefix.indexOf(token);
    if (index >= 0) return index;
    const known = [...prefix, PATCHES].join(', ');
    throw new ArgumentError(`token: expected one of ${known}, or the row and column of a patch, got ${token}`);
  }
  const [row, column] = token;
  if (isInside(row, Gh) && isInside(column, Gw)) return prefix.length + row * Gw + column;
  throw new ArgumentError(`token: expected a patch of the grid of ${Gh} x ${Gw} from 0,0, got ${row},${column}`);
}

function isInside(at: number, size: number): boolean {
  return Number.isInteger(at) && at >= 0 && at < size;
}

/** `class`, or `patch 3,4`. */
export function nameOfToken(token: TokenName): string {
  return typeof token === 'string' ? token : `patch ${token[0]},${token[1]}`;
}

/** The values of the patches [Gh, Gw], without those of the prefix: from [N]. */
export function patchValues(grid: TokenGrid, values: ArrayLike<number>): NdArray<Float32Array> {
  const { Gh, Gw, prefix } = grid;
  checkLength('token values', values.length, numTokensOf(grid));
  const patches = Float32Array.from({ length: Gh * Gw }, (_, i) => values[prefix.length + i]!);
  return ndarray(patches, [Gh, Gw]);
}

/** The values of the prefix tokens by name: from [N]. */
export function prefixValues(grid: TokenGrid, values: ArrayLike<number>): Readonly<Record<string, number>> {
  checkLength('token values', values.length, numTokensOf(grid));
  return Object.fromEntries(grid.prefix.map((name, i) => [name, values[i]!]));
}

/** @throws ShapeError when an array has another length than its sizes say. */
export function checkLength(where: string, got: number, expected: number): void {
  if (got !== expected) throw new ShapeError(`${where}: expected ${expected} values, got ${got}`);
}
