import type { Preprocessing } from '../weights/preprocessing.ts';
import { geometryOf } from './geometry.ts';
import type { RgbImage } from './rgb-image.ts';

/**
 * What a recipe keeps of an image resized as `tf.image.resize(method='bilinear')` does it, normalised, into `values`
 * [H, W, 3]: each output pixel is a mix of the four that surround its centre, however much the image shrinks, and is not
 * rounded to 8 bits. Where there is padding the values stay as they are.
 */
export function sampleBilinear(image: RgbImage, recipe: Preprocessing, values: Float32Array): void {
  const { imageSize, mean, std } = recipe;
  const { resized, window, placement } = geometryOf(recipe, image);
  const rows = pointsOf(image.height, resized.height, { start: window.top, length: window.height });
  const columns = pointsOf(image.width, resized.width, { start: window.left, length: window.width });
  const { data, width } = image;
  for (const [y, row] of rows.entries()) {
    const upper = row.lower * width;
    const lower = row.upper * width;
    let out = ((placement.top + y) * imageSize.width + placement.left) * 3;
    for (const column of columns) {
      for (let c = 0; c < 3; c++) {
        const at = (start: number, x: number): number => data[(start + x) * 3 + c]!;
        const above = mix(at(upper, column.lower), at(upper, column.upper), column.share);
        const below = mix(at(lower, column.lower), at(lower, column.upper), column.share);
        values[out++] = (mix(above, below, row.share) / 255 - mean[c]!) / std[c]!;
      }
    }
  }
}

/** Two neighbours on one axis, and the share of the second. */
interface Point {
  readonly lower: number;
  readonly upper: number;
  readonly share: number;
}

interface Part {
  readonly start: number;
  readonly length: number;
}

/** Pixel centres of a part of the output on the axis of the input; beyond the border the border repeats. */
function pointsOf(from: number, to: number, { start, length }: Part): Point[] {
  return Array.from({ length }, (_, i) => {
    const at = (start + i + 0.5) * (from / to) - 0.5;
    const floor = Math.floor(at);
    return { lower: Math.max(floor, 0), upper: Math.min(Math.ceil(at), from - 1), share: at - floor };
  });
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}
