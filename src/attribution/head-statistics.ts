import { allHeads, headOf } from './heads.ts';
import type { HeadMatrices } from './heads.ts';
import type { TokenGrid } from './token-grid.ts';

/** What one head does, averaged over the queries that are patches. */
export interface HeadStatistics {
  readonly layer: number;
  readonly head: number;
  /**
   * Mean distance in pixels between a patch and what it attends to (Dosovitskiy et al. 2021, figure 7 right), among
   * patches alone: each row is divided by what it gives to patches.
   */
  readonly distance: number;
  /** Of the whole row, prefix included, in nats: 0 for one token, ln N for all alike. */
  readonly entropy: number;
  /** Shares of attention that go to each prefix token, by name. */
  readonly prefixShares: Readonly<Record<string, number>>;
}

/** Statistics of every head of a layer. `patchSize` in pixels. */
export function headStatistics(
  weights: HeadMatrices,
  grid: TokenGrid,
  { layer, patchSize }: { readonly layer: number; readonly patchSize: number },
): HeadStatistics[] {
  return allHeads(weights).map((head) => {
    const matrix = headOf(weights, head);
    return {
      layer,
      head,
      distance: patchSize * meanDistance(matrix, grid),
      entropy: meanEntropy(matrix, grid),
      prefixShares: prefixShares(matrix, grid),
    };
  });
}

/** In patches. */
function meanDistance(matrix: Float32Array, grid: TokenGrid): number {
  const { Gw, prefix } = grid;
  return meanOverPatches(grid, (query, from, N) => {
    const [y, x] = [Math.floor(query / Gw), query % Gw];
    let weighted = 0;
    let total = 0;
    for (let k = prefix.length; k < N; k += 1) {
      const key = k - prefix.length;
      const weight = matrix[from + k]!;
      weighted += weight * Math.hypot(Math.floor(key / Gw) - y, (key % Gw) - x);
      total += weight;
    }
    // All attention may be on the prefix, to the last bit of float32.
    return total === 0 ? 0 : weighted / total;
  });
}

function meanEntropy(matrix: Float32Array, grid: TokenGrid): number {
  return meanOverPatches(grid, (_, from, N) => {
    let entropy = 0;
    for (let k = from; k < from + N; k += 1) if (matrix[k]! > 0) entropy -= matrix[k]! * Math.log(matrix[k]!);
    return entropy;
  });
}

function prefixShares(matrix: Float32Array, grid: TokenGrid): Record<string, number> {
  const shares = grid.prefix.map((name, k) => [name, meanOverPatches(grid, (_, from) => matrix[from + k]!)] as const);
  return Object.fromEntries(shares);
}

/** `of` gets the patch's index and where its row of N weights begins. */
function meanOverPatches(
  { Gh, Gw, prefix }: TokenGrid,
  of: (patch: number, from: number, N: number) => number,
): number {
  const N = prefix.length + Gh * Gw;
  let sum = 0;
  for (let patch = 0; patch < Gh * Gw; patch += 1) sum += of(patch, (prefix.length + patch) * N, N);
  return sum / (Gh * Gw);
}
