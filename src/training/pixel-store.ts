import { decodeImage } from '../image/decode.ts';
import type { RgbImage } from '../image/rgb-image.ts';
import type { ImageSource } from './labelled-images.ts';

/** Decoded images one after the other in memory that threads share. */
export interface PixelStore {
  readonly pixels: SharedArrayBuffer;
  /** Where each image begins, and after the last where it ends. */
  readonly starts: Float64Array;
  readonly widths: Uint32Array;
}

export interface StoreOptions {
  /** The most bytes that the pixels may take. */
  readonly budget: number;
  readonly signal?: AbortSignal | undefined;
  readonly onDecoded?: ((count: number) => void) | undefined;
}

/** Images under way at once; libvips has threads of its own. */
const AT_ONCE = 8;

/**
 * Decodes every image once and keeps its pixels; undefined as soon as they are more than the budget.
 *
 * @throws ImageError for the first image that cannot be used; the signal's reason.
 */
export async function storePixels(paths: readonly string[], options: StoreOptions): Promise<PixelStore | undefined> {
  const images: RgbImage[] = [];
  let bytes = 0;
  for (let start = 0; start < paths.length; start += AT_ONCE) {
    options.signal?.throwIfAborted();
    const decoded = await Promise.all(paths.slice(start, start + AT_ONCE).map((path) => decodeImage(path)));
    for (const image of decoded) bytes += image.data.length;
    if (bytes > options.budget) return undefined;
    // sharp's own buffers are slices of larger ones that would all be kept.
    images.push(...decoded.map(({ data, width, height }) => ({ data: data.slice(), width, height })));
    options.onDecoded?.(images.length);
  }
  return packed(images, bytes);
}

function packed(images: readonly RgbImage[], bytes: number): PixelStore {
  const pixels = new SharedArrayBuffer(bytes);
  const starts = new Float64Array(images.length + 1);
  const widths = new Uint32Array(images.length);
  const all = new Uint8Array(pixels);
  for (const [i, { data, width }] of images.entries()) {
    all.set(data, starts[i]);
    starts[i + 1] = starts[i]! + data.length;
    widths[i] = width;
  }
  return { pixels, starts, widths };
}

/** The images of a store, without a copy. */
export function storedImages({ pixels, starts, widths }: PixelStore): ImageSource {
  const all = new Uint8Array(pixels);
  return {
    length: widths.length,
    imageAt: (index) => {
      const data = all.subarray(starts[index], starts[index + 1]);
      const width = widths[index]!;
      return { data, width, height: data.length / 3 / width };
    },
  };
}

/** Images that are decoded each time that they are asked for. */
export function imagesOnDisk(paths: readonly string[]): ImageSource {
  return { length: paths.length, imageAt: (index) => decodeImage(paths[index]!) };
}
