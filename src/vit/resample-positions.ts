import type { PositionResample } from '../weights/architecture.ts';

/** Rows and columns of a patch grid. */
export interface Grid {
  readonly Gh: number;
  readonly Gw: number;
}

/**
 * Brings a grid of position vectors [Gh·Gw, D] to another grid, as the library that published them does. Every method
 * is separable: one matrix of weights for the rows, one for the columns.
 */
export function resamplePositions(
  positions: Float32Array,
  from: Grid,
  to: Grid,
  method: PositionResample,
): Float32Array {
  const D = positions.length / (from.Gh * from.Gw);
  const rowWeights = weightMatrix(from.Gh, to.Gh, method);
  const columnWeights = weightMatrix(from.Gw, to.Gw, method);
  const byColumn = new Float64Array(from.Gh * to.Gw * D);
  for (let r = 0; r < from.Gh; r += 1) {
    const source = positions.subarray(r * from.Gw * D, (r + 1) * from.Gw * D);
    combine(source, columnWeights, D, byColumn.subarray(r * to.Gw * D, (r + 1) * to.Gw * D));
  }
  const result = new Float64Array(to.Gh * to.Gw * D);
  combine(byColumn, rowWeights, to.Gw * D, result);
  return Float32Array.from(result);
}

/** out[i] = Σⱼ weights[i][j] · rows[j], for vectors of `width` values. */
function combine(
  rows: Float32Array | Float64Array,
  weights: readonly Float64Array[],
  width: number,
  out: Float64Array,
): void {
  for (const [i, rowWeights] of weights.entries()) {
    for (const [j, weight] of rowWeights.entries()) {
      if (weight === 0) continue;
      for (let d = 0; d < width; d += 1) out[i * width + d]! += weight * rows[j * width + d]!;
    }
  }
}

/** [to][from]: how much of each source position goes into each new one; every row sums to one. */
function weightMatrix(from: number, to: number, method: PositionResample): Float64Array[] {
  const scale = from / to;
  // Either the centres of the outer cells keep their distance to the border, or they stay where they are.
  const halfPixel = (i: number): number => (i + 0.5) * scale - 0.5;
  const corners = (i: number): number => (to === 1 ? 0 : (i * (from - 1)) / (to - 1));
  const rowOf = (i: number): Float64Array => {
    switch (method) {
      case 'bicubic-antialias':
        return antialiasedRow(from, (i + 0.5) * scale, Math.max(scale, 1));
      case 'bicubic':
        return interpolatedRow(from, halfPixel(i), 2, (t) => cubic(t, INTERPOLATION_SHARPNESS));
      case 'bicubic-corners':
        return interpolatedRow(from, corners(i), 2, (t) => cubic(t, INTERPOLATION_SHARPNESS));
      case 'bilinear-corners':
        return interpolatedRow(from, corners(i), 1, (t) => Math.max(0, 1 - Math.abs(t)));
    }
  };
  return Array.from({ length: to }, (_, i) => rowOf(i));
}

// torch uses Keys' kernel with a = −0.75 to interpolate, but Pillow's a = −0.5 when it antialiases.
const INTERPOLATION_SHARPNESS = -0.75;
const ANTIALIAS_SHARPNESS = -0.5;

/** The kernel stretched by the scale, cut at the border and normalised: what Pillow does. */
function antialiasedRow(from: number, centre: number, stretch: number): Float64Array {
  const support = 2 * stretch;
  const first = Math.max(Math.trunc(centre - support + 0.5), 0);
  const end = Math.min(Math.trunc(centre + support + 0.5), from);
  const row = new Float64Array(from);
  let sum = 0;
  for (let j = first; j < end; j += 1) {
    row[j] = cubic((j - centre + 0.5) / stretch, ANTIALIAS_SHARPNESS);
    sum += row[j]!;
  }
  return row.map((weight) => weight / sum);
}

/** Point samples around a coordinate; taps beyond the border fall on the border. */
function interpolatedRow(from: number, at: number, support: number, kernel: (t: number) => number): Float64Array {
  const row = new Float64Array(from);
  const base = Math.floor(at);
  for (let j = base - support + 1; j <= base + support; j += 1) {
    row[Math.min(Math.max(j, 0), from - 1)]! += kernel(at - j);
  }
  return row;
}

/** Keys' cubic convolution kernel (Keys 1981). */
function cubic(t: number, a: number): number {
  const x = Math.abs(t);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}
