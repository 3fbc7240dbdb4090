import { ArgumentError } from '../errors.ts';
import type { Interpolation, Size } from '../weights/preprocessing.ts';
import type { RgbImage } from './rgb-image.ts';
import { type Taps, tapsOf, WEIGHT_BITS } from './taps.ts';

/** A rectangle of pixels. */
export interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

export interface ResampleOptions {
  /** The part of the resized image to compute; all of it when absent. */
  readonly window?: Window;
  /** A faster implementation of the two passes; plain TypeScript when absent. */
  readonly kernel?: ResampleKernel | undefined;
}

/**
 * Both passes over an image: [H, W, 3] → [vertical outputs, horizontal outputs, 3]. Horizontal first, each rounded and
 * clipped to 8 bits, in integers, so that every implementation gives the same bytes. Only the input rows from the
 * first to the last tap of `vertical` are read.
 */
export type ResampleKernel = (image: RgbImage, horizontal: Taps, vertical: Taps) => Uint8Array;

/**
 * Pillow's `Image.resize`, byte for byte: separable, antialiased, with 22-bit fixed-point weights and an 8-bit
 * intermediate (libImaging/Resample.c). The cost follows the window, not the resized image, which may be far larger
 * than memory.
 *
 * @throws {ArgumentError} when the window is not inside the resized image
 */
export function resample(
  image: RgbImage,
  size: Size,
  interpolation: Interpolation,
  options: ResampleOptions = {},
): RgbImage {
  const { window = { top: 0, left: 0, ...size }, kernel = resampleWithScript } = options;
  checkWindow(window, size);
  const horizontal = tapsOf(image.width, size.width, { start: window.left, length: window.width }, interpolation);
  const vertical = tapsOf(image.height, size.height, { start: window.top, length: window.height }, interpolation);
  return { data: kernel(image, horizontal, vertical), width: window.width, height: window.height };
}

function checkWindow({ top, left, height, width }: Window, size: Size): void {
  const inside = top >= 0 && left >= 0 && top + height <= size.height && left + width <= size.width;
  if (inside && height > 0 && width > 0) return;
  const window = `${width} × ${height} at (${left}, ${top})`;
  throw new ArgumentError(`resample: expected a window inside ${size.width} × ${size.height}, got ${window}`);
}

const HALF = 1 << (WEIGHT_BITS - 1);

/**
 * Two input rows at a time: resampled horizontally, then added to every output row that they reach. So the intermediate
 * image is two rows, however tall the input is.
 */
function resampleWithScript({ data, width }: RgbImage, horizontal: Taps, vertical: Taps): Uint8Array {
  const samples = horizontal.first.length * 3;
  const rows = vertical.first.length;
  const sums = new Int32Array(rows * samples).fill(HALF);
  const upper = new Uint8Array(samples);
  const lower = new Uint8Array(samples);
  const end = endOf(vertical, rows - 1);
  let from = 0; // the first output row that input row y or a later one reaches
  for (let y = vertical.first[0]!; y < end; y += 2) {
    const next = Math.min(y + 1, end - 1);
    resampleTwoRows(data, y * width * 3, next * width * 3, horizontal, upper, lower);
    while (endOf(vertical, from) <= y) from++;
    for (let i = from; i < rows && vertical.first[i]! <= next; i++) {
      const lowerWeight = next > y ? weightOf(vertical, i, next) : 0;
      addRows(upper, weightOf(vertical, i, y), lower, lowerWeight, sums.subarray(i * samples, (i + 1) * samples));
    }
  }
  const out = new Uint8Array(rows * samples);
  for (let i = 0; i < out.length; i++) out[i] = clipped(sums[i]!);
  return out;
}

function endOf({ first, count }: Taps, output: number): number {
  return first[output]! + count[output]!;
}

function weightOf({ first, count, weights, stride }: Taps, output: number, input: number): number {
  const tap = input - first[output]!;
  return tap >= 0 && tap < count[output]! ? weights[output * stride + tap]! : 0;
}

/** The hot loop; two rows share each load of a weight. */
function resampleTwoRows(
  data: Uint8Array,
  upperStart: number,
  lowerStart: number,
  { first, count, weights, stride }: Taps,
  upper: Uint8Array,
  lower: Uint8Array,
): void {
  const toLower = lowerStart - upperStart;
  for (let i = 0, o = 0; o < upper.length; i++, o += 3) {
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    let lowerRed = HALF;
    let lowerGreen = HALF;
    let lowerBlue = HALF;
    let at = upperStart + first[i]! * 3;
    const start = i * stride;
    const end = start + count[i]!;
    for (let t = start; t < end; t++, at += 3) {
      const weight = weights[t]!;
      const below = at + toLower;
      red = (red + Math.imul(data[at]!, weight)) | 0;
      green = (green + Math.imul(data[at + 1]!, weight)) | 0;
      blue = (blue + Math.imul(data[at + 2]!, weight)) | 0;
      lowerRed = (lowerRed + Math.imul(data[below]!, weight)) | 0;
      lowerGreen = (lowerGreen + Math.imul(data[below + 1]!, weight)) | 0;
      lowerBlue = (lowerBlue + Math.imul(data[below + 2]!, weight)) | 0;
    }
    upper[o] = clipped(red);
    upper[o + 1] = clipped(green);
    upper[o + 2] = clipped(blue);
    lower[o] = clipped(lowerRed);
    lower[o + 1] = clipped(lowerGreen);
    lower[o + 2] = clipped(lowerBlue);
  }
}

function addRows(
  upper: Uint8Array,
  upperWeight: number,
  lower: Uint8Array,
  lowerWeight: number,
  sums: Int32Array,
): void {
  for (let i = 0; i < sums.length; i++) {
    sums[i] = (sums[i]! + Math.imul(upper[i]!, upperWeight) + Math.imul(lower[i]!, lowerWeight)) | 0;
  }
}

function clipped(sum: number): number {
  const value = sum >> WEIGHT_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
