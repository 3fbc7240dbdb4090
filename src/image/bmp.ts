import { ImageError } from '../errors.ts';
import { type BmpHeader, parseBmpHeader } from './bmp-header.ts';
import { unpackRle } from './bmp-rle.ts';
import type { ImageBytes } from './image-bytes.ts';
import type { RgbImage } from './rgb-image.ts';

/**
 * A Windows or OS/2 bitmap as RGB: 1, 4, 8, 16, 24 and 32 bits a pixel, run-length coded or with bit fields, either way
 * up; alpha is dropped. sharp reads no BMP, and the readers on npm (bmp-ts 1.0.9, fast-bmp 4.0.1) give wrong pixels for
 * run-length coding, odd widths at 4 bits and 16-bit colour, or do not read them.
 *
 * @throws {ImageError} IMAGE_UNREADABLE, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE
 */
export function decodeBmp({ name, bytes }: ImageBytes, maxPixels: number): RgbImage {
  const header = parseBmpHeader(name, bytes, maxPixels);
  const { width, height } = header;
  const data = new Uint8Array(width * height * 3);
  const readRow = rowReader(header, storedRows(name, bytes, header));
  for (let stored = 0; stored < height; stored++) {
    const row = header.topDown ? stored : height - 1 - stored;
    readRow(stored, data.subarray(row * width * 3, (row + 1) * width * 3));
  }
  return { data, width, height };
}

interface StoredRows {
  readonly bytes: Uint8Array;
  readonly bitsPerPixel: BmpHeader['bitsPerPixel'];
  readonly stride: number;
}

function storedRows(name: string, bytes: Uint8Array, header: BmpHeader): StoredRows {
  const { width, height, bitsPerPixel, pixelOffset } = header;
  const stored = bytes.subarray(pixelOffset);
  if (header.runLength) {
    return { bytes: unpackRle(stored, width, height, bitsPerPixel === 4), bitsPerPixel: 8, stride: width };
  }
  const stride = Math.ceil((width * bitsPerPixel) / 32) * 4;
  // Some writers leave out the padding of the last row.
  const needed = stride * (height - 1) + Math.ceil((width * bitsPerPixel) / 8);
  if (stored.length < needed) {
    const message = `${name}: expected a complete BMP image with ${needed} bytes of pixels, got ${stored.length}`;
    throw new ImageError('IMAGE_UNREADABLE', message);
  }
  return { bytes: stored, bitsPerPixel, stride };
}

type RowReader = (storedRow: number, rgb: Uint8Array) => void;

function rowReader(header: BmpHeader, rows: StoredRows): RowReader {
  switch (rows.bitsPerPixel) {
    case 1:
    case 4:
    case 8:
      return paletteRow(header.palette, rows);
    case 24:
      return bgrRow(rows);
    case 16:
    case 32:
      return maskedRow(header.masks, rows);
  }
}

function paletteRow(palette: Uint8Array, { bytes, bitsPerPixel, stride }: StoredRows): RowReader {
  const perByte = 8 / bitsPerPixel;
  const mask = (1 << bitsPerPixel) - 1;
  return (storedRow, rgb) => {
    for (let x = 0; x < rgb.length / 3; x++) {
      const byte = bytes[storedRow * stride + Math.floor(x / perByte)]!;
      const index = (byte >> (8 - bitsPerPixel * ((x % perByte) + 1))) & mask;
      for (let c = 0; c < 3; c++) rgb[x * 3 + c] = palette[index * 3 + c] ?? 0;
    }
  };
}

function bgrRow({ bytes, stride }: StoredRows): RowReader {
  return (storedRow, rgb) => {
    const start = storedRow * stride;
    for (let i = 0; i < rgb.length; i += 3) {
      rgb[i] = bytes[start + i + 2]!;
      rgb[i + 1] = bytes[start + i + 1]!;
      rgb[i + 2] = bytes[start + i]!;
    }
  };
}

function maskedRow(masks: BmpHeader['masks'], { bytes, bitsPerPixel, stride }: StoredRows): RowReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shifts = masks.map((mask) => (mask === 0 ? 0 : 31 - Math.clz32(mask & -mask)));
  const maxima = masks.map((mask, c) => mask >>> shifts[c]!);
  return (storedRow, rgb) => {
    for (let x = 0; x < rgb.length / 3; x++) {
      const at = storedRow * stride + (x * bitsPerPixel) / 8;
      const pixel = bitsPerPixel === 16 ? view.getUint16(at, true) : view.getUint32(at, true);
      for (let c = 0; c < 3; c++) {
        const value = (pixel & masks[c]!) >>> shifts[c]!;
        // Truncated, as Pillow widens 5 and 6 bits (libImaging/Unpack.c).
        rgb[x * 3 + c] = maxima[c] === 0 ? 0 : Math.trunc((value * 255) / maxima[c]!);
      }
    }
  };
}
