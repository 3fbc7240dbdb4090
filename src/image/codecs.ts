import { loadSharp } from './load-sharp.ts';

/** What decodes images here: the versions behind sharp and the encodings its build can read. */
export type Codecs =
  | { readonly status: 'loads'; readonly sharp: string; readonly libvips: string; readonly formats: readonly string[] }
  | { readonly status: 'unavailable'; readonly reason: string };

/** Which encodings can be read, or why none. */
export async function probeCodecs(): Promise<Codecs> {
  try {
    const sharp = await loadSharp();
    const { jpeg, png, webp, heif, gif, tiff, svg } = sharp.format;
    const inputs = { jpeg, png, webp, avif: heif, gif, tiff, svg };
    const formats = Object.entries(inputs).flatMap(([name, { input }]) => (input.buffer ? [name] : []));
    // BMP is read without sharp.
    return { status: 'loads', sharp: sharp.versions.sharp, libvips: sharp.versions.vips, formats: [...formats, 'bmp'] };
  } catch (error) {
    return { status: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
  }
}
