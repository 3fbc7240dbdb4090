import { preprocess } from './preprocess.ts';
import type { RgbImage } from './rgb-image.ts';
import type { Preprocessing } from '../weights/preprocessing.ts';

/** An image as a model sees it, resized, cropped and padded, in colours again: what `preprocess` makes, not normalised. */
export function modelView(image: RgbImage, recipe: Preprocessing): RgbImage {
  const { height, width } = recipe.imageSize;
  const { mean, std } = recipe;
  const values = preprocess(image, recipe).data;
  const data = Uint8Array.from(values, (value, i) => {
    const c = i % 3;
    return Math.min(255, Math.max(0, Math.round(255 * (value * std[c]! + mean[c]!))));
  });
  return { data, width, height };
}
