import { checkLength, numTokensOf } from '../../attribution/token-grid.ts';
import type { TokenGrid } from '../../attribution/token-grid.ts';

/**
 * Attention matrices of several layers: weights of prefix keys are exact, those of patches have eight bits, from zero to
 * the greatest patch of their own row. A token that most attention falls to thereby costs the patches no precision, and
 * an error is at most half a step of a scale of 256 colours over the row.
 */
export interface QuantisedAttention {
  /** Which layer of the network each one is. */
  readonly layers: readonly number[];
  readonly numHeads: number;
  /** The greatest weight of a patch in each row [layers, H, N]. */
  readonly greatest: Float32Array;
  /** Weights of prefix keys [layers, H, N, prefix]. */
  readonly prefix: Float32Array;
  /** Weights of patches in 255ths of the row's greatest [layers, H, N, Gh · Gw]. */
  readonly patches: Uint8Array;
}

const STEPS = 255;

/** Reserves room for all layers, which `quantiseLayer` fills one by one. */
export function emptyAttention(grid: TokenGrid, layers: readonly number[], numHeads: number): QuantisedAttention {
  const rows = layers.length * numHeads * numTokensOf(grid);
  return {
    layers,
    numHeads,
    greatest: new Float32Array(rows),
    prefix: new Float32Array(rows * grid.prefix.length),
    patches: new Uint8Array(rows * grid.Gh * grid.Gw),
  };
}

/** Writes the weights [H, N, N] of the layer that stands at `place` among those kept. */
export function quantiseLayer(into: QuantisedAttention, grid: TokenGrid, place: number, weights: Float32Array): void {
  const N = numTokensOf(grid);
  const P = grid.prefix.length;
  checkLength('attention', weights.length, into.numHeads * N * N);
  for (let row = 0; row < into.numHeads * N; row += 1) {
    const at = place * into.numHeads * N + row;
    into.prefix.set(weights.subarray(row * N, row * N + P), at * P);
    const patches = weights.subarray(row * N + P, (row + 1) * N);
    let greatest = 0;
    for (const weight of patches) if (weight > greatest) greatest = weight;
    into.greatest[at] = greatest;
    if (greatest === 0) continue;
    for (let i = 0; i < patches.length; i += 1) {
      into.patches[at * patches.length + i] = Math.round((patches[i]! / greatest) * STEPS);
    }
  }
}

/** One matrix among those kept. */
export interface MatrixPlace {
  /** Place of the layer among those kept. */
  readonly layer: number;
  /** A head, or the mean of all. */
  readonly head: number | 'mean';
}

/** What a token gives to each token [N]: a row of the matrix. */
export function rowOf(attention: QuantisedAttention, grid: TokenGrid, place: MatrixPlace, query: number): Float32Array {
  const N = numTokensOf(grid);
  const P = grid.prefix.length;
  const sum = new Float32Array(N);
  const heads = headsOf(attention, place);
  for (const head of heads) {
    const row = (place.layer * attention.numHeads + head) * N + query;
    for (let k = 0; k < P; k += 1) sum[k]! += attention.prefix[row * P + k]! / heads.length;
    const step = attention.greatest[row]! / STEPS / heads.length;
    const start = row * (N - P) - P;
    for (let k = P; k < N; k += 1) sum[k]! += attention.patches[start + k]! * step;
  }
  return sum;
}

/** What each token gives to one token [N]: a column of the matrix. */
export function columnOf(attention: QuantisedAttention, grid: TokenGrid, place: MatrixPlace, key: number) {
  const N = numTokensOf(grid);
  const P = grid.prefix.length;
  const sum = new Float32Array(N);
  const heads = headsOf(attention, place);
  for (const head of heads) {
    for (let q = 0; q < N; q += 1) {
      const row = (place.layer * attention.numHeads + head) * N + q;
      sum[q]! +=
        (key < P
          ? attention.prefix[row * P + key]!
          : (attention.patches[row * (N - P) + key - P]! * attention.greatest[row]!) / STEPS) / heads.length;
    }
  }
  return sum;
}

/** The most that a weight of a row, or of the mean of rows, can differ from the network's: half a step. */
export function errorOf(attention: QuantisedAttention, grid: TokenGrid, place: MatrixPlace, query: number): number {
  const N = numTokensOf(grid);
  const heads = headsOf(attention, place);
  const steps = heads.map((head) => attention.greatest[(place.layer * attention.numHeads + head) * N + query]!);
  return steps.reduce((sum, greatest) => sum + greatest, 0) / heads.length / (2 * STEPS);
}

function headsOf({ numHeads }: QuantisedAttention, { head }: MatrixPlace): number[] {
  return head === 'mean' ? Array.from({ length: numHeads }, (_, i) => i) : [head];
}
