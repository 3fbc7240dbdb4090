import type { Interpolation } from '../weights/preprocessing.ts';

/**
 * How one axis of an image is resampled: output position `i` is the sum of `weights[i * stride + t]` times the input at
 * `first[i] + t`, for `t < count[i]`. Weights are fixed-point with `WEIGHT_BITS` fractional bits.
 */
export interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  readonly stride: number;
}

/** Eight bits of sample, two of head-room for negative lobes, of 32: Pillow's PRECISION_BITS. */
export const WEIGHT_BITS = 22;

/** The part of the output axis that is wanted. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** A reconstruction filter: zero outside ±support. */
interface Filter {
  readonly support: number;
  readonly at: (x: number) => number;
}

const FILTERS: Readonly<Record<Interpolation, Filter>> = {
  box: { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, at: bicubic },
  lanczos: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/**
 * The taps of Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc` (libImaging/Resample.c), for the wanted span
 * only. An axis that keeps its size gets the identity, as Pillow skips its pass.
 */
export function tapsOf(inputLength: number, outputLength: number, span: Span, interpolation: Interpolation): Taps {
  if (inputLength === outputLength) return identity(span);
  const filter = FILTERS[interpolation];
  const scale = inputLength / outputLength;
  // When shrinking, the filter is stretched over all the input that falls on one output pixel: antialiasing.
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(span.length);
  const count = new Int32Array(span.length);
  const weights = new Int32Array(span.length * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < span.length; i++) {
    const centre = (span.start + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(inputLength, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let t = 0; t < end - start; t++) {
      // Multiplied by the reciprocal, as Pillow does: a division would round some weights the other way.
      exact[t] = filter.at((start + t - centre + 0.5) * (1 / stretch));
      sum += exact[t]!;
    }
    first[i] = start;
    count[i] = end - start;
    for (let t = 0; t < end - start; t++) weights[i * stride + t] = fixedPoint(sum === 0 ? exact[t]! : exact[t]! / sum);
  }
  return { first, count, weights, stride };
}

function identity({ start, length }: Span): Taps {
  return {
    first: Int32Array.from({ length }, (_, i) => start + i),
    count: new Int32Array(length).fill(1),
    weights: new Int32Array(length).fill(1 << WEIGHT_BITS),
    stride: 1,
  };
}

/** Rounded half away from zero. */
function fixedPoint(weight: number): number {
  return Math.trunc(weight * (1 << WEIGHT_BITS) + (weight < 0 ? -0.5 : 0.5));
}

/** Keys' cubic convolution with a = −0.5, in Pillow's order of operations. */
function bicubic(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return (((d - 5) * d + 8) * d - 4) * a;
  return 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}
