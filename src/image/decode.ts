import type { Metadata, Sharp } from 'sharp';
import { ArgumentError, ImageError } from '../errors.ts';
import { decodeBmp } from './bmp.ts';
import { formatOf, type ReadableFormat } from './format.ts';
import { type EncodedImage, type ImageBytes, imageBytesOf } from './image-bytes.ts';
import { loadSharp } from './load-sharp.ts';
import type { RgbImage } from './rgb-image.ts';

export interface DecodeOptions {
  /** Turn the picture as its EXIF tag says. Off reproduces `Image.open(f).convert('RGB')`, which ignores the tag. */
  readonly autoOrient?: boolean | undefined;
  /** Width × height, checked in the header before anything is decoded. */
  readonly maxPixels?: number | undefined;
}

/** 16,383 × 16,383, which is libvips's own guard; 805 MB as RGB. */
const DEFAULT_MAX_PIXELS = 268_402_689;

/**
 * The image in a file, or in the bytes of one, as 8-bit RGB: JPEG, PNG, WebP, AVIF, GIF, TIFF, BMP and SVG, told apart
 * by content. Byte-identical to Pillow's `convert('RGB')` for all but AVIF and SVG: alpha is dropped without
 * compositing, colour profiles are ignored, CMYK is converted by Pillow's formula, and of an animation or a
 * multi-page file the first picture is taken. Where Pillow clips 16-bit grey at 255, this scales it, as Pillow itself
 * does for colour. SVG is drawn on white, and what it links to is not fetched.
 *
 * @throws {ImageError} for this one image: not found, unreadable (a truncated file too), unsupported or too large
 */
export async function decodeImage(source: EncodedImage, options: DecodeOptions = {}): Promise<RgbImage> {
  const { autoOrient = true, maxPixels = DEFAULT_MAX_PIXELS } = options;
  if (!(maxPixels > 0)) throw new ArgumentError(`decodeImage: expected maxPixels above 0, got ${maxPixels}`);
  const encoded = await imageBytesOf(source);
  const { name } = encoded;
  const found = formatOf(encoded.bytes);
  switch (found.kind) {
    case 'unknown':
      throw new ImageError('IMAGE_UNREADABLE', `${name}: expected an image, got ${found.description}`);
    case 'foreign':
      throw unsupported(name, `a ${found.format} file`);
    case 'readable':
      return found.format === 'bmp'
        ? decodeBmp(encoded, maxPixels)
        : decodeWithSharp(encoded, found.format, autoOrient, maxPixels);
  }
}

async function decodeWithSharp(
  encoded: ImageBytes,
  format: ReadableFormat,
  autoOrient: boolean,
  maxPixels: number,
): Promise<RgbImage> {
  // 'error' stops where Pillow stops (cut short, broken structure); 'warning' would also refuse photographs that have
  // a few stray bytes between JPEG segments. The guard against large images is ours, below, with a message of its own.
  // sharp's process-wide cache and concurrency stay as they are, for they are the caller's too: decoding bytes to pixels
  // leaves nothing in the cache, and 900 photographs end at 142 MB resident with it as without.
  if (format === 'svg') checkElements(encoded);
  const sharp = await loadSharp();
  const input = sharp(encoded.bytes, { autoOrient, failOn: 'error', ignoreIcc: true, limitInputPixels: false });
  try {
    const metadata = await input.metadata();
    checkSize(encoded.name, metadata, maxPixels);
    checkDepth(encoded.name, metadata);
    return await (metadata.space === 'cmyk' ? cmykPixels(input) : rgbPixels(input, format));
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const reason = reasonOf(error);
    const message = `${encoded.name}: expected a complete ${format.toUpperCase()} image, got a damaged one (${reason})`;
    throw new ImageError('IMAGE_UNREADABLE', message, { cause: error });
  }
}

/** The first line of what libvips says, which may end where a line of its own would have begun. */
function reasonOf(error: unknown): string {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
  return first.replace(/:\s*$/, '');
}

/** A million elements take librsvg 20 s and 2.6 GB, and no drawing that a person made comes near. */
const MAX_SVG_TAGS = 200_000;

function checkElements({ name, bytes }: ImageBytes): void {
  let tags = 0;
  for (let at = bytes.indexOf(LESS_THAN); at >= 0; at = bytes.indexOf(LESS_THAN, at + 1)) tags++;
  if (tags <= MAX_SVG_TAGS) return;
  const message = `${name}: expected an SVG of at most ${MAX_SVG_TAGS} tags, got ${tags}. Draw it to PNG first.`;
  throw new ImageError('IMAGE_TOO_LARGE', message);
}

const LESS_THAN = 0x3c;

function checkSize(name: string, { width, height }: Metadata, maxPixels: number): void {
  if (width * height <= maxPixels) return;
  const message = `${name}: expected at most ${maxPixels} pixels, got ${width} × ${height}. Scale it down first.`;
  throw new ImageError('IMAGE_TOO_LARGE', message);
}

function checkDepth(name: string, { depth }: Metadata): void {
  // Other sample types (float, signed, 32-bit) have no fixed white point, so there is no right way to 8 bits.
  if (depth === 'uchar' || depth === 'ushort') return;
  throw unsupported(name, `samples of type ${depth}`);
}

async function rgbPixels(input: Sharp, format: ReadableFormat): Promise<RgbImage> {
  // A drawing's background is paper; a photograph's transparent pixels keep the colour that is stored under them.
  const opaque = format === 'svg' ? input.flatten({ background: 'white' }) : input.removeAlpha();
  const { data, info } = await opaque.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

async function cmykPixels(input: Sharp): Promise<RgbImage> {
  const inks = input.pipelineColourspace('cmyk').toColourspace('cmyk').raw();
  const { data, info } = await inks.toBuffer({ resolveWithObject: true });
  const pixels = info.width * info.height;
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const at = pixel * info.channels;
    const white = 255 - data[at + 3]!;
    for (let c = 0; c < 3; c++) rgb[pixel * 3 + c] = white - scaled(data[at + c]!, white);
  }
  return { data: rgb, width: info.width, height: info.height };
}

/** a · b / 255, rounded, in integers: Pillow's MULDIV255 (libImaging/ImagingUtils.h). */
function scaled(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

function unsupported(name: string, got: string): ImageError {
  const message = `${name}: expected JPEG, PNG, WebP, AVIF, GIF, TIFF, BMP or SVG with 8 or 16 bits a sample, got ${got}. Convert it to PNG.`;
  return new ImageError('IMAGE_UNSUPPORTED', message);
}
