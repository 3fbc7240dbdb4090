import type { RgbImage } from '../image/rgb-image.ts';
import type { Random } from './random.ts';

export interface RandAugment {
  /** Operations in a row for each image. */
  readonly operations: number;
  /** 0…10: how far each goes. */
  readonly magnitude: number;
}

/**
 * A few operations picked at random from 14, of colour and of place, each at one strength (Cubuk et al. 2020). What
 * comes in from outside the image is grey, and pixels are taken from the nearest.
 */
export function randAugment(image: RgbImage, { operations, magnitude }: RandAugment, random: Random): RgbImage {
  let result = image;
  for (let i = 0; i < operations; i += 1) {
    const operation = OPERATIONS[random.below(OPERATIONS.length)]!;
    const sign = random.uniform() < 0.5 ? -1 : 1;
    result = operation(result, magnitude / MAX_MAGNITUDE, sign);
  }
  return result;
}

const MAX_MAGNITUDE = 10;

/** @param strength 0…1 */
type Operation = (image: RgbImage, strength: number, sign: number) => RgbImage;

const MAX_DEGREES = 30;
const MAX_SHEAR = 0.3;
/** Of the side. */
const MAX_SHIFT = 0.45;
/** Of the factor of an enhancement, to both sides of one. */
const MAX_ENHANCEMENT = 0.9;

/** What torchvision's RandAugment has (v0.15 and later), with its strengths. */
const OPERATIONS: readonly Operation[] = [
  (image) => image,
  (image, s, sign) => warped(image, rotation((sign * s * MAX_DEGREES * Math.PI) / 180)),
  (image, s, sign) => warped(image, { xx: 1, xy: sign * s * MAX_SHEAR, yx: 0, yy: 1, dx: 0, dy: 0 }),
  (image, s, sign) => warped(image, { xx: 1, xy: 0, yx: sign * s * MAX_SHEAR, yy: 1, dx: 0, dy: 0 }),
  (image, s, sign) => warped(image, { ...IDENTITY, dx: sign * Math.round(s * MAX_SHIFT * image.width) }),
  (image, s, sign) => warped(image, { ...IDENTITY, dy: sign * Math.round(s * MAX_SHIFT * image.height) }),
  (image, s, sign) => mapped(image, (value) => value * (1 + sign * s * MAX_ENHANCEMENT)),
  (image, s, sign) => blendedWith(image, greyOf(image), 1 + sign * s * MAX_ENHANCEMENT),
  (image, s, sign) => contrasted(image, 1 + sign * s * MAX_ENHANCEMENT),
  (image, s, sign) => sharpened(image, 1 + sign * s * MAX_ENHANCEMENT),
  (image, s) => posterised(image, 8 - Math.round(4 * s)),
  (image, s) => mapped(image, (value) => (value < 256 * (1 - s) ? value : 255 - value)),
  (image) => stretched(image),
  (image) => equalised(image),
];

/** Where each output pixel, from the centre, comes from. */
interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
  readonly dx: number;
  readonly dy: number;
}

const IDENTITY: Affine = { xx: 1, xy: 0, yx: 0, yy: 1, dx: 0, dy: 0 };
const GREY = 128;

function rotation(angle: number): Affine {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { xx: cos, xy: sin, yx: -sin, yy: cos, dx: 0, dy: 0 };
}

function warped({ data, width, height }: RgbImage, { xx, xy, yx, yy, dx, dy }: Affine): RgbImage {
  const out = new Uint8Array(data.length);
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  for (let y = 0, o = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, o += 3) {
      const fromX = Math.round(xx * (x - cx) + xy * (y - cy) + cx - dx);
      const fromY = Math.round(yx * (x - cx) + yy * (y - cy) + cy - dy);
      const inside = fromX >= 0 && fromX < width && fromY >= 0 && fromY < height;
      const i = (fromY * width + fromX) * 3;
      out[o] = inside ? data[i]! : GREY;
      out[o + 1] = inside ? data[i + 1]! : GREY;
      out[o + 2] = inside ? data[i + 2]! : GREY;
    }
  }
  return { data: out, width, height };
}

/** One function of the sample, for all three channels or by channel, through a table. */
function mapped(image: RgbImage, of: (value: number, channel: number) => number): RgbImage {
  const tables = [0, 1, 2].map((c) => Uint8ClampedArray.from({ length: 256 }, (_, value) => of(value, c)));
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i += 3) {
    for (let c = 0; c < 3; c += 1) data[i + c] = tables[c]![image.data[i + c]!]!;
  }
  return { ...image, data };
}

/** other + factor · (image − other), clipped: Pillow's enhancements. */
function blendedWith(image: RgbImage, other: Uint8Array, factor: number): RgbImage {
  const data = new Uint8ClampedArray(image.data.length);
  for (let i = 0; i < data.length; i += 1) data[i] = other[i]! + factor * (image.data[i]! - other[i]!);
  return { ...image, data: new Uint8Array(data.buffer) };
}

/** ITU-R 601 luma, in all three channels. */
function greyOf({ data }: RgbImage): Uint8Array {
  const grey = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    grey.fill(Math.round(0.299 * data[i]! + 0.587 * data[i + 1]! + 0.114 * data[i + 2]!), i, i + 3);
  }
  return grey;
}

function contrasted(image: RgbImage, factor: number): RgbImage {
  const grey = greyOf(image);
  const mean = Math.round(grey.reduce((sum, value) => sum + value, 0) / grey.length);
  return mapped(image, (value) => mean + factor * (value - mean));
}

/** Away from, or towards, the image smoothed by Pillow's 3×3 kernel; its border stays as it is. */
function sharpened(image: RgbImage, factor: number): RgbImage {
  const { data, width, height } = image;
  const smooth = data.slice();
  for (let y = 1; y < height - 1; y += 1) {
    for (let i = (y * width + 1) * 3; i < (y * width + width - 1) * 3; i += 1) {
      let sum = 4 * data[i]!;
      for (const row of [-width * 3, 0, width * 3]) sum += data[i + row - 3]! + data[i + row]! + data[i + row + 3]!;
      smooth[i] = Math.round(sum / 13);
    }
  }
  return blendedWith(image, smooth, factor);
}

function posterised(image: RgbImage, bits: number): RgbImage {
  const mask = (0xff << (8 - bits)) & 0xff;
  return mapped(image, (value) => value & mask);
}

/** Each channel from its darkest to its lightest sample over the whole range. */
function stretched(image: RgbImage): RgbImage {
  const low = [255, 255, 255];
  const high = [0, 0, 0];
  for (let i = 0; i < image.data.length; i += 1) {
    low[i % 3] = Math.min(low[i % 3]!, image.data[i]!);
    high[i % 3] = Math.max(high[i % 3]!, image.data[i]!);
  }
  return mapped(image, (value, c) => {
    const range = high[c]! - low[c]!;
    return range === 0 ? value : ((value - low[c]!) * 255) / range;
  });
}

/** Each channel so that all its samples are about equally frequent: Pillow's ImageOps.equalize. */
function equalised(image: RgbImage): RgbImage {
  const tables = [0, 1, 2].map((c) => equalisation(histogramOf(image.data, c)));
  return mapped(image, (value, c) => tables[c]![value]!);
}

function histogramOf(data: Uint8Array, channel: number): number[] {
  const counts = Array.from({ length: 256 }, () => 0);
  for (let i = channel; i < data.length; i += 3) counts[data[i]!]! += 1;
  return counts;
}

function equalisation(counts: readonly number[]): number[] {
  const last = counts.findLast((count) => count > 0) ?? 0;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const step = Math.floor((total - last) / 255);
  if (step === 0) return counts.map((_, value) => value);
  let below = Math.floor(step / 2);
  return counts.map((count) => {
    const value = Math.min(255, Math.floor(below / step));
    below += count;
    return value;
  });
}
