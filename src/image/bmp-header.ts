import { ImageError } from '../errors.ts';

export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bitsPerPixel: 1 | 4 | 8 | 16 | 24 | 32;
  readonly runLength: boolean;
  readonly pixelOffset: number;
  /** Red, green, blue of each index; empty above 8 bits. */
  readonly palette: Uint8Array;
  /** Which bits of a 16- or 32-bit pixel are red, green, blue. */
  readonly masks: readonly [red: number, green: number, blue: number];
}

const FILE_HEADER_BYTES = 14;
/** OS/2 1, Windows 3, its two undocumented extensions, OS/2 2, Windows 4 and 5. */
const CORE_HEADER_BYTES = 12;
const HEADER_BYTES = new Set([CORE_HEADER_BYTES, 40, 52, 56, 64, 108, 124]);
const RLE8 = 1;
const RLE4 = 2;
const BIT_FIELDS = 3;
const ALPHA_BIT_FIELDS = 6;

/**
 * Reads and bounds every field that a later step allocates or seeks by. Nothing in the file is trusted.
 *
 * @throws {ImageError} IMAGE_UNREADABLE, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE
 */
export function parseBmpHeader(name: string, bytes: Uint8Array, maxPixels: number): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = bytes.length >= 18 ? view.getUint32(14, true) : 0;
  if (!HEADER_BYTES.has(headerBytes) || bytes.length < FILE_HEADER_BYTES + headerBytes) {
    throw new ImageError('IMAGE_UNREADABLE', `${name}: expected a BMP header, got ${bytes.length} other bytes`);
  }
  const core = headerBytes === CORE_HEADER_BYTES;
  const { width, height, topDown } = sizeOf(name, view, core, maxPixels);
  const depth = view.getUint16(core ? 24 : 28, true);
  const compression = core ? 0 : view.getUint32(30, true);
  const bitsPerPixel = supportedDepth(name, depth, compression);
  const { masks, end } = masksOf(name, view, headerBytes, bitsPerPixel, compression);
  const palette = bitsPerPixel > 8 ? new Uint8Array() : paletteOf(bytes, view, core, bitsPerPixel, end);
  const pixelOffset = view.getUint32(10, true) || end + (palette.length / 3) * (core ? 3 : 4);
  const runLength = compression === RLE8 || compression === RLE4;
  return { width, height, topDown, bitsPerPixel, runLength, pixelOffset, palette, masks };
}

function sizeOf(
  name: string,
  view: DataView,
  core: boolean,
  maxPixels: number,
): Pick<BmpHeader, 'width' | 'height' | 'topDown'> {
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  if (width <= 0 || height === 0) {
    throw new ImageError('IMAGE_UNREADABLE', `${name}: expected a BMP with pixels, got ${width} × ${height}`);
  }
  if (width * height > maxPixels) {
    const message = `${name}: expected at most ${maxPixels} pixels, got ${width} × ${height}. Scale it down first.`;
    throw new ImageError('IMAGE_TOO_LARGE', message);
  }
  return { width, height, topDown: signedHeight < 0 };
}

function supportedDepth(name: string, depth: number, compression: number): BmpHeader['bitsPerPixel'] {
  const fields = compression === BIT_FIELDS || compression === ALPHA_BIT_FIELDS;
  switch (depth) {
    case 4:
    case 8:
      if (compression === 0 || compression === (depth === 8 ? RLE8 : RLE4)) return depth;
      break;
    case 1:
    case 24:
      if (compression === 0) return depth;
      break;
    case 16:
    case 32:
      if (compression === 0 || fields) return depth;
  }
  const got = `${depth} bits a pixel with compression ${compression}`;
  throw new ImageError('IMAGE_UNSUPPORTED', `${name}: expected a common kind of BMP, got ${got}. Convert it to PNG.`);
}

const MASKS_555 = [0x7c00, 0x3e0, 0x1f] as const;
const MASKS_888 = [0xff0000, 0xff00, 0xff] as const;

/** The colour masks, and where the header with its masks ends. */
function masksOf(
  name: string,
  view: DataView,
  headerBytes: number,
  bitsPerPixel: number,
  compression: number,
): { readonly masks: BmpHeader['masks']; readonly end: number } {
  const start = FILE_HEADER_BYTES + 40;
  const end = FILE_HEADER_BYTES + headerBytes;
  const usual = bitsPerPixel === 16 ? MASKS_555 : MASKS_888;
  if (compression !== BIT_FIELDS && compression !== ALPHA_BIT_FIELDS) return { masks: usual, end };
  if (view.byteLength < start + 12) {
    throw new ImageError(
      'IMAGE_UNREADABLE',
      `${name}: expected colour masks after the BMP header, got the end of the file`,
    );
  }
  const at = (index: number): number => view.getUint32(start + 4 * index, true);
  const masks = [at(0), at(1), at(2)] as const;
  const unset = masks.every((mask) => mask === 0);
  return { masks: unset ? usual : masks, end: headerBytes === 40 ? end + (compression === BIT_FIELDS ? 12 : 16) : end };
}

function paletteOf(bytes: Uint8Array, view: DataView, core: boolean, bitsPerPixel: number, start: number): Uint8Array {
  const entryBytes = core ? 3 : 4;
  const declared = core ? 0 : view.getUint32(46, true);
  const most = 1 << bitsPerPixel;
  const count = declared === 0 ? most : Math.min(declared, most);
  const palette = new Uint8Array(count * 3);
  for (let entry = 0; entry < count; entry++) {
    // Stored blue first; entries missing from a short file stay black.
    for (let c = 0; c < 3; c++) palette[entry * 3 + c] = bytes[start + entry * entryBytes + 2 - c] ?? 0;
  }
  return palette;
}
