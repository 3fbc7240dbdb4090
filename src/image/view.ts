import type { Preprocessing } from '../weights/preprocessing.ts';
import type { RgbImage } from './rgb-image.ts';

/** What a model sees of an image: [H, W, 3], before it is normalised 0…1. */
export interface View {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** Takes the normalisation off a prepared image [H, W, 3]. */
export function viewOf(prepared: Float32Array, { imageSize, mean, std }: Preprocessing): View {
  // A channel is x·std + mean; rounding may leave a hair outside.
  const data = prepared.map((value, i) => Math.min(1, Math.max(0, value * std[i % 3]! + mean[i % 3]!)));
  return { data, ...imageSize };
}

/** Puts it on again. */
export function preparedOf({ data }: View, { mean, std }: Preprocessing): Float32Array {
  return data.map((value, i) => (value - mean[i % 3]!) / std[i % 3]!);
}

export function bytesOf({ data }: View): Uint8Array {
  return Uint8Array.from(data, (value) => Math.round(value * 255));
}

export function viewOfBytes({ data, width, height }: RgbImage): View {
  return { data: Float32Array.from(data, (value) => value / 255), width, height };
}
