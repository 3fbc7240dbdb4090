import { decodeImage } from '../image/decode.ts';
import type { RgbImage } from '../image/rgb-image.ts';
import type { ImageSource } from './labelled-images.ts';

/** Image files, and the most bytes of their pixels that one reader of them keeps in memory. */
export interface ImageFiles {
  readonly paths: readonly string[];
  readonly keptBytes: number;
}

/** Bytes of the pieces of memory that hold the pixels of small images together. */
const PIECE = 2 ** 24;

/** Images that are decoded when they are first asked for, and kept as long as there is room. */
export function imagesOnDemand({ paths, keptBytes }: ImageFiles): ImageSource {
  const places = new Map<number, Place>();
  let room = keptBytes;
  let piece = new Uint8Array();
  let filled = 0;
  const keep = (index: number, { data, width }: RgbImage): void => {
    if (data.length > room || places.has(index)) return;
    room -= data.length;
    if (filled + data.length > piece.length) {
      // Tens of thousands of arrays would keep the garbage collector busy.
      piece = new Uint8Array(Math.max(PIECE, data.length));
      filled = 0;
    }
    piece.set(data, filled);
    places.set(index, { piece, start: filled, length: data.length, width });
    filled += data.length;
  };
  return {
    length: paths.length,
    imageAt: (index) => {
      const place = places.get(index);
      if (place !== undefined) return imageIn(place);
      return decodeImage(paths[index]!).then((image) => {
        keep(index, image);
        return image;
      });
    },
  };
}

interface Place {
  readonly piece: Uint8Array;
  readonly start: number;
  readonly length: number;
  readonly width: number;
}

function imageIn({ piece, start, length, width }: Place): RgbImage {
  return { data: piece.subarray(start, start + length), width, height: length / 3 / width };
}
