import { Matrix, SingularValueDecomposition } from 'ml-matrix';

import type { Random } from './random.ts';

/** Two matrices D×r as their columns. */
export interface Factors {
  readonly left: readonly Float32Array[];
  readonly right: readonly Float32Array[];
}

/**
 * Factors of a random matrix near a multiple of the identity: L·Rᵀ is the best approximation of rank r of
 * chance·Z + identity·I, with Z of normal numbers of variance 1/D, and both factors have the same singular values.
 */
export function balancedFactors(
  D: number,
  rank: number,
  { chance, identity }: { readonly chance: number; readonly identity: number },
  random: Random,
): Factors {
  const product = Matrix.zeros(D, D);
  for (let row = 0; row < D; row += 1) {
    for (let column = 0; column < D; column += 1) {
      const diagonal = row === column ? identity : 0;
      product.set(row, column, diagonal + (chance * random.normal()) / Math.sqrt(D));
    }
  }
  const { leftSingularVectors, rightSingularVectors, diagonal } = new SingularValueDecomposition(product);
  const columnsOf = (vectors: Matrix): Float32Array[] =>
    diagonal.slice(0, rank).map((size, i) => {
      return Float32Array.from(vectors.getColumn(i), (value) => value * Math.sqrt(size));
    });
  return { left: columnsOf(leftSingularVectors), right: columnsOf(rightSingularVectors) };
}
