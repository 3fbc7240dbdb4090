import { quantile } from './quantiles.ts';
import { randomOf } from './random.ts';

/** Where a quantity lies with a confidence of 95 %. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  readonly seed: number;
  readonly resamples?: number;
}

const RESAMPLES = 2000;
const OUTSIDE = 0.05;

/**
 * Percentile bootstrap of a mean: images drawn with replacement, as many as there are. Given the differences of two models
 * image by image it is the paired bootstrap, for both are drawn together. Null without values.
 */
export function bootstrapMean(
  values: ArrayLike<number>,
  { seed, resamples = RESAMPLES }: BootstrapOptions,
): Interval | null {
  const n = values.length;
  if (n === 0) return null;
  const random = randomOf(seed);
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < n; i += 1) sum += values[random.below(n)]!;
    return sum / n;
  }).toSorted();
  return { low: quantile(means, OUTSIDE / 2), high: quantile(means, 1 - OUTSIDE / 2) };
}

/** The normal quantile that leaves 2.5 % above it. */
const Z = 1.959963984540054;

/** Wilson's interval of a share: honest for few images and at 0 and 1, where a bootstrap would claim certainty. Null without images. */
export function wilsonInterval(right: number, images: number): Interval | null {
  if (images === 0) return null;
  const share = right / images;
  const centre = share + (Z * Z) / (2 * images);
  const reach = Z * Math.sqrt((share * (1 - share)) / images + (Z * Z) / (4 * images * images));
  const scale = 1 + (Z * Z) / images;
  // At its ends the formula's two parts cancel but for rounding.
  return {
    low: right === 0 ? 0 : (centre - reach) / scale,
    high: right === images ? 1 : (centre + reach) / scale,
  };
}
