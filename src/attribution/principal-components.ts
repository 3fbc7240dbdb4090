import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

import { checkLength } from './token-grid.ts';

export interface PrincipalComponents {
  /** [count, D]: unit vectors, that of the greatest variance first. The greatest coordinate of each is positive. */
  readonly components: Float64Array;
  /** [count]: shares of the whole variance. */
  readonly shares: Float64Array;
  /** [N, count]: coordinates of the centred rows. */
  readonly projections: Float64Array;
}

/** The first principal components of rows [N, D], at most as many as both sides allow. */
export function principalComponents(rows: Float32Array, D: number, count: number): PrincipalComponents {
  checkLength('rows', rows.length % D, 0);
  const N = rows.length / D;
  const centred = new Matrix(Array.from({ length: N }, (_, i) => [...rows.subarray(i * D, (i + 1) * D)]));
  centred.center('column');
  // The smaller of the two Gram matrices has the same eigenvalues, at a fraction of the cost.
  const isTall = N >= D;
  const gram = isTall ? centred.transpose().mmul(centred) : centred.mmul(centred.transpose());
  const decomposition = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  const values = decomposition.realEigenvalues.map((value) => Math.max(0, value));
  const order = values.map((_, i) => i).toSorted((a, b) => values[b]! - values[a]!);
  const kept = order.slice(0, Math.min(count, N, D));
  const total = values.reduce((sum, value) => sum + value, 0);
  const directions = kept.map((i) => {
    const vector = decomposition.eigenvectorMatrix.getColumnVector(i);
    return oriented(unit((isTall ? vector : centred.transpose().mmul(vector)).to1DArray()));
  });
  const projected = centred.mmul(new Matrix(directions).transpose());
  return {
    components: Float64Array.from(directions.flat()),
    shares: Float64Array.from(kept, (i) => (total === 0 ? 0 : values[i]! / total)),
    projections: Float64Array.from(projected.to1DArray()),
  };
}

function unit(vector: readonly number[]): number[] {
  const norm = Math.hypot(...vector);
  return vector.map((value) => (norm === 0 ? 0 : value / norm));
}

/** Both directions of an axis are as good: this makes the choice, so that results can be compared. */
function oriented(vector: number[]): number[] {
  const greatest = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  return greatest < 0 ? vector.map((value) => -value) : vector;
}
