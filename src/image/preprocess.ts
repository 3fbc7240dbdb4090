import ndarray, { type NdArray } from 'ndarray';
import { ShapeError } from '../errors.ts';
import type { Preprocessing } from '../weights/preprocessing.ts';
import { type Geometry, geometryOf, halfToEven } from './geometry.ts';
import { resample, type ResampleKernel } from './resample.ts';
import type { RgbImage } from './rgb-image.ts';
import { sampleBilinear } from './sample-bilinear.ts';

export interface PreprocessOptions {
  /** Where the result goes, from `offset` on: one image's place in a batch. A new array when absent. */
  readonly out?: Float32Array;
  readonly offset?: number;
  readonly kernel?: ResampleKernel | undefined;
}

/**
 * The image as the checkpoint saw its images: resized, cropped or padded, and normalised; [H, W, 3]. Bit-equal to timm
 * and torchvision on Pillow's resize.
 *
 * @throws {ShapeError} when `out` has no room for it
 */
export function preprocess(
  image: RgbImage,
  recipe: Preprocessing,
  options: PreprocessOptions = {},
): NdArray<Float32Array> {
  const { height, width } = recipe.imageSize;
  const samples = height * width * 3;
  const { out = new Float32Array(samples), offset = 0, kernel } = options;
  if (offset < 0 || offset + samples > out.length) {
    const got = `${out.length} of which ${offset} are taken`;
    throw new ShapeError(`preprocess: expected room for ${samples} values in out, got ${got}`);
  }
  const values = out.subarray(offset, offset + samples);
  const geometry = geometryOf(recipe, image);
  const { window } = geometry;
  const isPadded = window.width < width || window.height < height;
  if (recipe.interpolation === 'bilinear-no-antialias') {
    if (isPadded) fill(values, paddingOf(recipe, normalisedSamples(recipe)));
    sampleBilinear(image, recipe, values);
    return ndarray(values, [height, width, 3]);
  }
  const kept = resample(image, geometry.resized, recipe.interpolation, {
    window,
    kernel,
  });
  const table = normalisedSamples(recipe);
  if (isPadded) fill(values, paddingOf(recipe, table));
  normalise(kept, geometry.placement, width, table, values);
  return ndarray(values, [height, width, 3]);
}

/**
 * (x / 255 − mean) / std of every sample x = 0…255, three channels in a row each. Every operation is rounded to
 * float32 in torchvision's order, so that the bits are its bits.
 */
function normalisedSamples({ mean, std }: Preprocessing): Float32Array {
  const f32 = Math.fround;
  return Float32Array.from({ length: 256 * 3 }, (_, i) => {
    const c = i % 3;
    return f32(f32(f32(Math.trunc(i / 3) / 255) - f32(mean[c]!)) / f32(std[c]!));
  });
}

type Pixel = readonly [red: number, green: number, blue: number];

/** timm pads a bordered image with the mean colour; torchvision and transformers pad a small one with black. */
function paddingOf({ resize, mean }: Preprocessing, table: Float32Array): Pixel {
  const at = (c: 0 | 1 | 2): number => {
    const sample = resize.kind === 'border' ? Math.min(255, Math.max(0, halfToEven(255 * mean[c]))) : 0;
    return table[sample * 3 + c]!;
  };
  return [at(0), at(1), at(2)];
}

function fill(values: Float32Array, [red, green, blue]: Pixel): void {
  for (let i = 0; i < values.length; i += 3) {
    values[i] = red;
    values[i + 1] = green;
    values[i + 2] = blue;
  }
}

function normalise(
  { data, width, height }: RgbImage,
  { top, left }: Geometry['placement'],
  outWidth: number,
  table: Float32Array,
  values: Float32Array,
): void {
  for (let y = 0; y < height; y++) {
    const from = y * width * 3;
    const to = ((top + y) * outWidth + left) * 3;
    for (let i = 0; i < width * 3; i += 3) {
      values[to + i] = table[data[from + i]! * 3]!;
      values[to + i + 1] = table[data[from + i + 1]! * 3 + 1]!;
      values[to + i + 2] = table[data[from + i + 2]! * 3 + 2]!;
    }
  }
}
