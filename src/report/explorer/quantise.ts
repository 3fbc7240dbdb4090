import { checkLength, numTokensOf } from '../../attribution/token-grid.ts';
import type { TokenGrid } from '../../attribution/token-grid.ts';

/**
 * Attention matrices of several layers: weights of prefix keys are exact, those of patches have eight bits, of the square
 * root of their share of the greatest patch in their own row. A prefix token that most attention falls to thereby costs
 * the patches no precision, and one patch that outshines the others a hundredfold costs them little: even steps of the
 * weight itself would leave such a row two or three levels.
 */
export interface QuantisedAttention {
  /** Which layer of the network each one is. */
  readonly layers: readonly number[];
  readonly numHeads: number;
  /** The greatest weight of a patch in each row [layers, H, N]. */
  readonly greatest: Float32Array;
  /** Weights of prefix keys [layers, H, N, prefix]. */
  readonly prefix: Float32Array;
  /** √(weight / the row's greatest) of patches in 255ths [layers, H, N, Gh · Gw]. */
  readonly patches: Uint8Array;
}

const STEPS = 255;
/** Half a step of the root. */
const HALF = 0.5 / STEPS;

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
      into.patches[at * patches.length + i] = Math.round(Math.sqrt(patches[i]! / greatest) * STEPS);
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
    const row = rowAt(attention, grid, { ...place, head }, query);
    for (let k = 0; k < P; k += 1) sum[k]! += attention.prefix[row * P + k]! / heads.length;
    const greatest = attention.greatest[row]! / heads.length;
    const start = row * (N - P) - P;
    for (let k = P; k < N; k += 1) sum[k]! += greatest * (attention.patches[start + k]! / STEPS) ** 2;
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
    const first = rowAt(attention, grid, { ...place, head }, 0);
    for (let q = 0; q < N; q += 1) {
      const row = first + q;
      sum[q]! +=
        (key < P
          ? attention.prefix[row * P + key]!
          : attention.greatest[row]! * (attention.patches[row * (N - P) + key - P]! / STEPS) ** 2) / heads.length;
    }
  }
  return sum;
}

/** The most that a patch's weight in a row, or in the mean of rows, can differ from the network's. */
export function errorOf(attention: QuantisedAttention, grid: TokenGrid, place: MatrixPlace, query: number): number {
  const heads = headsOf(attention, place);
  const greatest = heads.map((head) => attention.greatest[rowAt(attention, grid, { ...place, head }, query)]!);
  // As in `errorAt` for a root of one: squares are furthest apart there.
  return (2 * HALF * greatest.reduce((sum, one) => sum + one, 0)) / heads.length;
}

/** The most that what one token gives to one token can differ from the network's; nothing for a prefix token. */
export function errorAt(
  attention: QuantisedAttention,
  grid: TokenGrid,
  place: MatrixPlace,
  { query, key }: { readonly query: number; readonly key: number },
): number {
  const P = grid.prefix.length;
  if (key < P) return 0;
  const heads = headsOf(attention, place);
  const errors = heads.map((head) => {
    const row = rowAt(attention, grid, { ...place, head }, query);
    const root = attention.patches[row * grid.Gh * grid.Gw + key - P]! / STEPS;
    // Of a root that is off by at most half a step, |a² − b²| = |a − b|·(a + b), and none is above one.
    return attention.greatest[row]! * HALF * (root + Math.min(1, root + HALF));
  });
  return errors.reduce((sum, error) => sum + error, 0) / heads.length;
}

/** Place of a row among the rows of all layers and heads. */
function rowAt({ numHeads }: QuantisedAttention, grid: TokenGrid, { layer, head }: Head, query: number): number {
  return (layer * numHeads + head) * numTokensOf(grid) + query;
}

type Head = MatrixPlace & { readonly head: number };

function headsOf({ numHeads }: QuantisedAttention, { head }: MatrixPlace): number[] {
  return head === 'mean' ? Array.from({ length: numHeads }, (_, i) => i) : [head];
}
