/**
 * Unbiased estimate of the Hilbert–Schmidt independence criterion (Song et al. 2012, eq. 5) of two kernels of the same
 * n > 3 images, row by row; their diagonals are not read.
 */
export function unbiasedHsic(first: ArrayLike<number>, second: ArrayLike<number>, n: number): number {
  let trace = 0;
  let firstSum = 0;
  let secondSum = 0;
  let rowProducts = 0;
  for (let i = 0; i < n; i += 1) {
    let firstRow = 0;
    let secondRow = 0;
    for (let j = 0; j < n; j += 1) {
      if (i === j) continue;
      const k = first[i * n + j]!;
      const l = second[i * n + j]!;
      trace += k * l;
      firstRow += k;
      secondRow += l;
    }
    firstSum += firstRow;
    secondSum += secondRow;
    rowProducts += firstRow * secondRow;
  }
  const whole = (firstSum * secondSum) / ((n - 1) * (n - 2));
  return (trace + whole - (2 / (n - 2)) * rowProducts) / (n * (n - 3));
}

/** Sums of one pair of layers over minibatches. */
export interface AlignmentSums {
  readonly cross: number;
  readonly first: number;
  readonly second: number;
}

/**
 * Centred kernel alignment of two layers from the sums of their HSIC over minibatches (Nguyen et al. 2021, eq. 3): near 0
 * for unrelated representations, 1 for those that differ by rotation and scale alone. Null where a layer does not vary.
 */
export function kernelAlignment({ cross, first, second }: AlignmentSums): number | null {
  const scale = first * second;
  return scale > 0 && first > 0 ? cross / Math.sqrt(scale) : null;
}
