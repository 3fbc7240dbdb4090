import { checkLength } from './token-grid.ts';

/** Cosine of one row of [N, D] with every row: [N], −1…1. A row of zeros is similar to nothing. */
export function cosineSimilarity(rows: Float32Array, D: number, to: number): Float64Array {
  const N = rows.length / D;
  const norms = rowNorms(rows, D);
  return Float64Array.from({ length: N }, (_, i) => {
    let dot = 0;
    for (let d = 0; d < D; d += 1) dot += rows[i * D + d]! * rows[to * D + d]!;
    const scale = norms[i]! * norms[to]!;
    return scale === 0 ? 0 : dot / scale;
  });
}

/** Euclidean norm of every row of [N, D]. */
export function rowNorms(rows: Float32Array, D: number): Float64Array {
  checkLength('rows', rows.length % D, 0);
  return Float64Array.from({ length: rows.length / D }, (_, i) => {
    let sum = 0;
    for (let d = i * D; d < (i + 1) * D; d += 1) sum += rows[d]! ** 2;
    return Math.sqrt(sum);
  });
}

/** A median deviation of normal numbers is this share of their standard deviation. */
const NORMAL_MAD = 0.6745;
const OUTLIER = 3.5;

/**
 * Indices of norms that lie far above the others, by the modified z-score of Iglewicz & Hoaglin (1993) with their bound of
 * 3.5: what large models without registers make of some patches (Darcet et al. 2023). Empty where most norms are equal.
 */
export function highNorms(norms: ArrayLike<number>): number[] {
  const values = Array.from(norms);
  const centre = medianOf(values);
  const deviation = medianOf(values.map((value) => Math.abs(value - centre)));
  if (deviation === 0) return [];
  return values.flatMap((value, i) => ((NORMAL_MAD * (value - centre)) / deviation > OUTLIER ? [i] : []));
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
