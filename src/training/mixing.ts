import { ArgumentError } from '../errors.ts';
import type { RgbImage } from '../image/rgb-image.ts';
import type { Random } from './random.ts';

/** Pairs of images of a batch become one, and so do their labels. Zero switches a kind off; at most one is done to a batch. */
export interface Mixing {
  /** α of the Beta distribution of the share with which two images are added (Zhang et al. 2018). */
  readonly mixup: number;
  /** The same of the area of the piece of one that is put into the other (Yun et al. 2019). */
  readonly cutmix: number;
}

/**
 * Mixes each image with its opposite in the batch, the first with the last, by one share for all. Changes `targets`,
 * a row of probabilities for each image, in place.
 *
 * @throws ArgumentError when images that are to be mixed differ in size.
 */
export function mixed(
  images: readonly RgbImage[],
  targets: readonly Float32Array[],
  { mixup, cutmix }: Mixing,
  random: Random,
): readonly RgbImage[] {
  if (mixup === 0 && cutmix === 0) return images;
  const { width, height } = sizeOf(images);
  const cuts = cutmix > 0 && (mixup === 0 || random.uniform() < 0.5);
  const share = beta(cuts ? cutmix : mixup, random);
  const window = cuts ? windowOf(width, height, share, random) : undefined;
  const result = images.map((image, i) =>
    window === undefined ? blended(image, opposite(images, i), share) : withPiece(image, opposite(images, i), window),
  );
  const kept = window === undefined ? share : 1 - areaOf(window) / (width * height);
  const before = targets.map((row) => row.slice());
  for (const [i, row] of targets.entries()) {
    const other = opposite(before, i);
    for (let c = 0; c < row.length; c += 1) row[c] = kept * row[c]! + (1 - kept) * other[c]!;
  }
  return result;
}

function opposite<T>(list: readonly T[], i: number): T {
  return list[list.length - 1 - i]!;
}

function sizeOf([first, ...rest]: readonly RgbImage[]): { readonly width: number; readonly height: number } {
  const { width, height } = first ?? { width: 0, height: 0 };
  const other = rest.find((image) => image.width !== width || image.height !== height);
  if (other === undefined) return { width, height };
  throw new ArgumentError(
    `mixup, cutmix: expected images of one size, got ${width}×${height} and ${other.width}×${other.height}. ` +
      'Bring them to one by a random resized crop.',
  );
}

function blended(image: RgbImage, other: RgbImage, share: number): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i += 1) {
    data[i] = Math.round(share * image.data[i]! + (1 - share) * other.data[i]!);
  }
  return { ...image, data };
}

interface Window {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** A rectangle of the image's aspect and of 1 − share of its area around a random point, as far as it lies inside. */
function windowOf(width: number, height: number, share: number, random: Random): Window {
  const cut = Math.sqrt(1 - share);
  const [centreY, centreX] = [random.below(height), random.below(width)];
  const [halfHeight, halfWidth] = [Math.trunc(height * cut) >> 1, Math.trunc(width * cut) >> 1];
  return {
    top: Math.max(0, centreY - halfHeight),
    bottom: Math.min(height, centreY + halfHeight),
    left: Math.max(0, centreX - halfWidth),
    right: Math.min(width, centreX + halfWidth),
  };
}

function areaOf({ top, bottom, left, right }: Window): number {
  return (bottom - top) * (right - left);
}

function withPiece(image: RgbImage, other: RgbImage, { top, bottom, left, right }: Window): RgbImage {
  const data = image.data.slice();
  for (let y = top; y < bottom; y += 1) {
    const from = (y * image.width + left) * 3;
    data.set(other.data.subarray(from, (y * image.width + right) * 3), from);
  }
  return { ...image, data };
}

/** A number of the distribution Beta(α, α), 0…1. */
function beta(alpha: number, random: Random): number {
  const [a, b] = [gamma(alpha, random), gamma(alpha, random)];
  return a + b === 0 ? 0.5 : a / (a + b);
}

/** Gamma(α, 1) by Marsaglia & Tsang 2000; below one by the distribution of α + 1. */
function gamma(alpha: number, random: Random): number {
  if (alpha < 1) return gamma(alpha + 1, random) * (1 - random.uniform()) ** (1 / alpha);
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
