import type { Preprocessing } from '../weights/preprocessing.ts';
import { preprocess } from './preprocess.ts';
import type { ResampleKernel } from './resample.ts';
import type { RgbImage } from './rgb-image.ts';
import { bytesOf, viewOf } from './view.ts';

/** An image as a model sees it, resized, cropped and padded, in colours again: what `preprocess` makes, not normalised. */
export function modelView(image: RgbImage, recipe: Preprocessing, kernel?: ResampleKernel): RgbImage {
  const view = viewOf(preprocess(image, recipe, { kernel }).data, recipe);
  return { ...view, data: bytesOf(view) };
}
