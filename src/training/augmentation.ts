import { resample } from '../image/resample.ts';
import type { ResampleKernel } from '../image/resample.ts';
import type { RgbImage } from '../image/rgb-image.ts';
import type { Interpolation, Size } from '../weights/preprocessing.ts';
import type { Random } from './random.ts';
import { randAugment } from './rand-augment.ts';
import type { RandAugment } from './rand-augment.ts';

/** What happens to one training image before it is prepared as at inference. Nothing, where a part is absent. */
export interface Augmentation {
  readonly crop?: RandomCrop | undefined;
  /** Probability of a mirror image, left for right. */
  readonly flip: number;
  readonly randAugment?: RandAugment | undefined;
  /** Probability that a random rectangle is replaced by noise (Zhong et al. 2020). */
  readonly erasing: number;
}

type RandomCrop =
  /** The image with a border of black on all sides, of which a piece as large as the image is taken. */
  | { readonly kind: 'padded'; readonly pixels: number }
  /** A piece of a random share of the area and a random aspect, resized to `size` (Szegedy et al. 2015). */
  | { readonly kind: 'resized'; readonly minArea: number; readonly size: Size; readonly interpolation: Interpolation };

/** A changed copy of the image; the same random numbers make the same copy. */
export function augmented(
  image: RgbImage,
  augmentation: Augmentation,
  random: Random,
  kernel?: ResampleKernel,
): RgbImage {
  const { crop, flip, erasing } = augmentation;
  let result = crop === undefined ? image : cropped(image, crop, random, kernel);
  if (random.uniform() < flip) result = mirrored(result);
  if (augmentation.randAugment !== undefined) result = randAugment(result, augmentation.randAugment, random);
  if (random.uniform() < erasing) result = erased(result, random);
  return result;
}

function cropped(image: RgbImage, crop: RandomCrop, random: Random, kernel?: ResampleKernel): RgbImage {
  switch (crop.kind) {
    case 'padded': {
      const span = 2 * crop.pixels + 1;
      return shifted(image, random.below(span) - crop.pixels, random.below(span) - crop.pixels);
    }
    case 'resized': {
      const window = windowOf(image, crop.minArea, random);
      return resample(copied(image, window), crop.size, crop.interpolation, { kernel });
    }
  }
}

/** The image moved by whole pixels, with black where it was not. */
function shifted({ data, width, height }: RgbImage, right: number, down: number): RgbImage {
  const moved = new Uint8Array(data.length);
  const [first, end] = [Math.max(0, -right), Math.min(width, width - right)];
  if (first >= end) return { data: moved, width, height };
  for (let y = Math.max(0, -down); y < Math.min(height, height - down); y += 1) {
    moved.set(data.subarray((y * width + first) * 3, (y * width + end) * 3), ((y + down) * width + first + right) * 3);
  }
  return { data: moved, width, height };
}

interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

const MAX_ASPECT = 4 / 3;
const ATTEMPTS = 10;

/** As torchvision's RandomResizedCrop: ten attempts, then the whole image as near to the aspects as it can be. */
function windowOf({ width, height }: RgbImage, minArea: number, random: Random): Window {
  const logAspect = Math.log(MAX_ASPECT);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const area = width * height * (minArea + (1 - minArea) * random.uniform());
    const aspect = Math.exp(logAspect * (2 * random.uniform() - 1));
    const w = Math.round(Math.sqrt(area * aspect));
    const h = Math.round(Math.sqrt(area / aspect));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    return { top: random.below(height - h + 1), left: random.below(width - w + 1), width: w, height: h };
  }
  const w = Math.min(width, Math.round(height * MAX_ASPECT));
  const h = Math.min(height, Math.round(width * MAX_ASPECT));
  return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), width: w, height: h };
}

function copied({ data, width }: RgbImage, window: Window): RgbImage {
  const copy = new Uint8Array(window.width * window.height * 3);
  for (let y = 0; y < window.height; y += 1) {
    const from = ((window.top + y) * width + window.left) * 3;
    copy.set(data.subarray(from, from + window.width * 3), y * window.width * 3);
  }
  return { data: copy, width: window.width, height: window.height };
}

function mirrored({ data, width, height }: RgbImage): RgbImage {
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = (y * width + x) * 3;
      const to = (y * width + width - 1 - x) * 3;
      turned[to] = data[from]!;
      turned[to + 1] = data[from + 1]!;
      turned[to + 2] = data[from + 2]!;
    }
  }
  return { data: turned, width, height };
}

const MIN_ERASED = 0.02;
const MAX_ERASED = 1 / 3;
const MAX_ERASED_ASPECT = 10 / 3;

/** A rectangle of 2 % to a third of the image, filled with noise. */
function erased(image: RgbImage, random: Random): RgbImage {
  const { width, height } = image;
  const area = width * height * (MIN_ERASED + (MAX_ERASED - MIN_ERASED) * random.uniform());
  const aspect = Math.exp(Math.log(MAX_ERASED_ASPECT) * (2 * random.uniform() - 1));
  const w = Math.min(width, Math.max(1, Math.round(Math.sqrt(area * aspect))));
  const h = Math.min(height, Math.max(1, Math.round(Math.sqrt(area / aspect))));
  const [top, left] = [random.below(height - h + 1), random.below(width - w + 1)];
  const data = image.data.slice();
  for (let y = top; y < top + h; y += 1) {
    for (let i = (y * width + left) * 3; i < (y * width + left + w) * 3; i += 1) data[i] = random.below(256);
  }
  return { data, width, height };
}
