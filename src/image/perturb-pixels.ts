import type { Random } from './random.ts';
import type { View } from './view.ts';

/** Gaussian noise of a standard deviation on every value, clipped to 0…1. */
export function withNoise(view: View, deviation: number, random: Random): View {
  return { ...view, data: view.data.map((value) => Math.min(1, Math.max(0, value + deviation * random.normal()))) };
}

/** Weights further out add less than a 255th. */
const REACH = 4;

/** Gaussian blur with the border repeated, as scipy's `gaussian_filter` with mode `nearest`. @param sigma in pixels */
export function blurred(view: View, sigma: number): View {
  if (sigma <= 0) return view;
  const { width, height } = view;
  const weights = weightsOf(sigma);
  const across = filtered(view.data, weights, { lines: height, length: width, lineStride: width * 3, stride: 3 });
  const data = filtered(across, weights, { lines: width, length: height, lineStride: 3, stride: width * 3 });
  return { ...view, data };
}

function weightsOf(sigma: number): Float64Array {
  const reach = Math.floor(REACH * sigma + 0.5);
  const bell = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
  );
  const sum = bell.reduce((total, weight) => total + weight, 0);
  return bell.map((weight) => weight / sum);
}

interface Axis {
  readonly lines: number;
  readonly length: number;
  /** From one line to the next, and from one pixel of a line to the next, in values. */
  readonly lineStride: number;
  readonly stride: number;
}

function filtered(
  data: Float32Array,
  weights: Float64Array,
  { lines, length, lineStride, stride }: Axis,
): Float32Array {
  const out = new Float32Array(data.length);
  const reach = (weights.length - 1) / 2;
  for (let line = 0; line < lines; line += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const start = line * lineStride + channel;
      for (let i = 0; i < length; i += 1) {
        let sum = 0;
        for (let tap = -reach; tap <= reach; tap += 1) {
          const from = Math.min(length - 1, Math.max(0, i + tap));
          sum += weights[tap + reach]! * data[start + from * stride]!;
        }
        out[start + i * stride] = sum;
      }
    }
  }
  return out;
}
