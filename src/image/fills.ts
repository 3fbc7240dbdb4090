import { gaussianBlur } from './blur.ts';
import type { View } from './view.ts';

/** What a removed part of an image is replaced by: the mean colour of the training images, or the image out of focus. */
export const FILLS = ['grey', 'blur'] as const;
export type Fill = (typeof FILLS)[number];

/** Width of the blur as a share of the shorter side: wide enough that a ViT-Ti no longer recognises what it saw. */
const BLUR = 1 / 16;

/** What the whole of a normalised image, in which zero is the mean colour, is replaced by. */
export function filled(image: View, fill: Fill): Float32Array {
  switch (fill) {
    case 'grey':
      return new Float32Array(image.data.length);
    case 'blur': {
      const sigma = BLUR * Math.min(image.height, image.width);
      return gaussianBlur(image, { sigma, reach: Math.ceil(3 * sigma) });
    }
  }
}

/**
 * The image with the cells of `removed` taken from the fill. A cell is a rectangle of the grid [Gh, Gw] laid over the
 * whole image; `out` is written whole.
 */
export function withoutCells(
  image: View,
  fill: Float32Array,
  removed: Uint8Array,
  grid: { readonly Gh: number; readonly Gw: number },
  out: Float32Array,
): Float32Array {
  const { data, height, width } = image;
  const C = data.length / (height * width);
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor((y * grid.Gh) / height) * grid.Gw;
    for (let x = 0; x < width; x += 1) {
      const from = removed[row + Math.floor((x * grid.Gw) / width)] === 1 ? fill : data;
      const at = (y * width + x) * C;
      for (let c = at; c < at + C; c += 1) out[c] = from[c]!;
    }
  }
  return out;
}
