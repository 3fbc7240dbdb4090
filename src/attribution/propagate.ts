import { rowThrough } from './heads.ts';

/**
 * What a sum of output tokens [N] comes from, through the steps of all layers from the first to the last: weightsᵀ·S_L·…·S₁.
 * One product of a row and a matrix for each layer, O(L·N²), which is why a map of one token is cheap.
 */
export function propagateRow(weights: ArrayLike<number>, steps: readonly ArrayLike<number>[]): Float64Array {
  let row = Float64Array.from(weights);
  for (const step of steps.toReversed()) row = rowThrough(row, step);
  return row;
}

/** The same for every output token at once: S_L·…·S₁ [N, N], O(L·N³). */
export function propagateAll(N: number, steps: readonly ArrayLike<number>[]): Float64Array {
  let product = Float64Array.from({ length: N * N }, (_, at) => Number(Math.floor(at / N) === at % N));
  for (const step of steps) product = multiplied(step, product, N);
  return product;
}

function multiplied(a: ArrayLike<number>, b: Float64Array, N: number): Float64Array<ArrayBuffer> {
  const product = new Float64Array(N * N);
  for (let i = 0; i < N; i += 1) {
    for (let j = 0; j < N; j += 1) {
      const factor = a[i * N + j]!;
      if (factor === 0) continue;
      for (let k = 0; k < N; k += 1) product[i * N + k]! += factor * b[j * N + k]!;
    }
  }
  return product;
}
