import type { View } from './view.ts';

export interface Blur {
  /** Standard deviation in pixels, above zero. */
  readonly sigma: number;
  /** How many pixels either way count. */
  readonly reach: number;
}

/** Gaussian blur of an image [height, width, C], one axis after the other; beyond the border is the border. */
export function gaussianBlur({ data, height, width }: View, blur: Blur): Float32Array {
  const C = data.length / (height * width);
  const weights = bell(blur);
  const down = along(data, weights, { outer: 1, length: height, inner: width * C });
  return along(down, weights, { outer: height, length: width, inner: C });
}

function bell({ sigma, reach }: Blur): Float64Array {
  const values = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)),
  );
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
}

interface Axis {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

function along(data: Float32Array, weights: Float64Array, { outer, length, inner }: Axis): Float32Array {
  const reach = weights.length >> 1;
  const result = new Float32Array(data.length);
  const row = new Float64Array(inner);
  for (let o = 0; o < outer; o += 1) {
    for (let i = 0; i < length; i += 1) {
      row.fill(0);
      for (const [k, weight] of weights.entries()) {
        const from = Math.min(length - 1, Math.max(0, i + k - reach));
        const at = (o * length + from) * inner;
        for (let c = 0; c < inner; c += 1) row[c]! += weight * data[at + c]!;
      }
      result.set(row, (o * length + i) * inner);
    }
  }
  return result;
}
