/** What a removed part of an image is replaced by: the mean colour of the training images, or the image out of focus. */
export const FILLS = ['grey', 'blur'] as const;
export type Fill = (typeof FILLS)[number];

/** A normalised image [height, width, C], in which zero is the mean colour. */
export interface NormalisedImage {
  readonly data: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** Width of the blur as a share of the shorter side: wide enough that a ViT-Ti no longer recognises what it saw. */
const BLUR = 1 / 16;

export function filled(image: NormalisedImage, fill: Fill): Float32Array {
  switch (fill) {
    case 'grey':
      return new Float32Array(image.data.length);
    case 'blur':
      return blurred(image, BLUR * Math.min(image.height, image.width));
  }
}

/** Gaussian blur of standard deviation σ pixels, one axis after the other; beyond the border is the border. */
export function blurred({ data, height, width }: NormalisedImage, sigma: number): Float32Array {
  const C = data.length / (height * width);
  const kernel = gaussian(sigma);
  const down = along(data, kernel, { outer: 1, length: height, inner: width * C });
  return along(down, kernel, { outer: height, length: width, inner: C });
}

function gaussian(sigma: number): Float64Array {
  const radius = Math.ceil(3 * sigma);
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)),
  );
  const sum = kernel.reduce((total, value) => total + value, 0);
  return kernel.map((value) => value / sum);
}

interface Axis {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

function along(data: Float32Array, kernel: Float64Array, { outer, length, inner }: Axis): Float32Array {
  const radius = kernel.length >> 1;
  const result = new Float32Array(data.length);
  const row = new Float64Array(inner);
  for (let o = 0; o < outer; o += 1) {
    for (let i = 0; i < length; i += 1) {
      row.fill(0);
      for (const [k, weight] of kernel.entries()) {
        const from = Math.min(length - 1, Math.max(0, i + k - radius));
        const at = (o * length + from) * inner;
        for (let c = 0; c < inner; c += 1) row[c]! += weight * data[at + c]!;
      }
      result.set(row, (o * length + i) * inner);
    }
  }
  return result;
}

/**
 * The image with the cells of `removed` taken from the fill. A cell is a rectangle of the grid [Gh, Gw] laid over the
 * whole image; `out` is written whole.
 */
export function withoutCells(
  image: NormalisedImage,
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
