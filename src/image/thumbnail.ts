import { scaledSize } from './geometry.ts';
import { loadSharp } from './load-sharp.ts';
import { resample } from './resample.ts';
import type { RgbImage } from './rgb-image.ts';

/** A small JPEG of an image as a data URI, its longer side `side` pixels at most: a few kilobytes. */
export async function thumbnailOf(image: RgbImage, side: number): Promise<string> {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const { data, width, height } = resample(image, scaledSize(image, scale), 'bicubic');
  const sharp = await loadSharp();
  const jpeg = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 75 })
    .toBuffer();
  return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
}
