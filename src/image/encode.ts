import { ArgumentError } from '../errors.ts';
import { loadSharp } from './load-sharp.ts';
import { checkPixels } from './rgb-image.ts';
import type { RgbImage } from './rgb-image.ts';

/** Pixels as the bytes of a PNG file. */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  return (await rawOf(image)).png({ compressionLevel: 9 }).toBuffer();
}

/** Pixels as the bytes of a JPEG file, at a quality of 1…100. */
export async function encodeJpeg(image: RgbImage, quality = 85): Promise<Uint8Array> {
  return (await rawOf(image)).jpeg({ quality, mozjpeg: true }).toBuffer();
}

/** More would be no picture to look at, and gigabytes to draw. */
const MAX_SIDE = 16_384;

/** An SVG without text, drawn and encoded as PNG. Text would need fonts, which a machine may lack. */
export async function drawSvg(svg: string, size: { readonly width: number; readonly height: number }) {
  if (Math.max(size.width, size.height) > MAX_SIDE) {
    throw new ArgumentError(
      `picture: expected at most ${MAX_SIDE} pixels a side, got ${size.width} x ${size.height}. Show fewer panels, or smaller ones.`,
    );
  }
  const sharp = await loadSharp();
  // `unlimited`: a picture inside an SVG is one long attribute.
  return sharp(Buffer.from(svg), { unlimited: true }).removeAlpha().png({ compressionLevel: 9 }).toBuffer();
}

async function rawOf(image: RgbImage) {
  checkPixels(image);
  const { data, width, height } = image;
  const sharp = await loadSharp();
  return sharp(data, { raw: { width, height, channels: 3 } });
}
