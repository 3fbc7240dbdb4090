import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeImage } from '../../src/image/decode.ts';
import { ArgumentError, ImageError, type ErrorCode } from '../../src/errors.ts';
import { fixture, KIND_FILES, kindGoldens, worstDifference } from './fixtures.ts';

/** What happens to each kind of file: its fixture, and the largest difference from the expected 8-bit samples. */
const KINDS: Readonly<Record<string, { readonly becomes: string; readonly within: number }>> = {
  'jpeg-baseline.jpeg': { becomes: 'the pixels of Pillow (4:2:0)', within: 0 },
  'jpeg-444.jpeg': { becomes: 'the pixels of Pillow', within: 0 },
  'jpeg-progressive.jpeg': { becomes: 'the pixels of Pillow', within: 0 },
  'jpeg-grey.jpeg': { becomes: 'three equal channels', within: 0 },
  'jpeg-cmyk.jpeg': { becomes: "RGB by Pillow's formula, without a profile", within: 0 },
  'jpeg-exif-2.jpeg': { becomes: 'mirrored left to right', within: 0 },
  'jpeg-exif-3.jpeg': { becomes: 'turned by 180°', within: 0 },
  'jpeg-exif-4.jpeg': { becomes: 'mirrored top to bottom', within: 0 },
  'jpeg-exif-5.jpeg': { becomes: 'transposed', within: 0 },
  'jpeg-exif-6.jpeg': { becomes: 'turned by 90° clockwise', within: 0 },
  'jpeg-exif-7.jpeg': { becomes: 'transposed along the other diagonal', within: 0 },
  'jpeg-exif-8.jpeg': { becomes: 'turned by 90° anticlockwise', within: 0 },
  'png-rgb.png': { becomes: 'the pixels stored', within: 0 },
  'png-alpha.png': { becomes: 'the colour under the alpha, not composited', within: 0 },
  'png-grey.png': { becomes: 'three equal channels', within: 0 },
  'png-grey-alpha.png': { becomes: 'three equal channels, alpha dropped', within: 0 },
  'png-palette.png': { becomes: 'the colours of the palette', within: 0 },
  'png-palette-2bit.png': { becomes: 'the colours of the palette', within: 0 },
  'png-palette-transparent.png': { becomes: 'the colours of the palette, transparency dropped', within: 0 },
  'png-1bit.png': { becomes: 'black and white', within: 0 },
  'png-16bit.png': { becomes: 'the high byte of each sample', within: 0 },
  'png-grey-16bit.png': { becomes: 'the high byte of each sample, where Pillow clips at 255', within: 0 },
  'png-exif-6.png': { becomes: 'turned by 90° clockwise', within: 0 },
  'webp-lossy.webp': { becomes: 'the pixels of Pillow', within: 0 },
  'webp-lossless.webp': { becomes: 'the pixels stored', within: 0 },
  'webp-alpha.webp': { becomes: 'the colour under the alpha, not composited', within: 0 },
  'webp-animated.webp': { becomes: 'its first frame', within: 0 },
  'webp-exif-6.webp': { becomes: 'turned by 90° clockwise', within: 0 },
  // libheif and libavif round the YUV matrix differently (and differ more where they upsample 4:2:0 chroma).
  'avif.avif': { becomes: 'nearly the pixels of Pillow', within: 1 },
  'gif.gif': { becomes: 'the colours of the palette', within: 0 },
  'gif-animated.gif': { becomes: 'its first frame', within: 0 },
  'gif-transparent.gif': { becomes: 'the colours of the palette, black where transparent', within: 0 },
  'tiff-rgb.tiff': { becomes: 'the pixels stored', within: 0 },
  'tiff-lzw.tiff': { becomes: 'the pixels stored', within: 0 },
  'tiff-multi-page.tiff': { becomes: 'its first page', within: 0 },
  'tiff-cmyk.tiff': { becomes: "RGB by Pillow's formula, without a profile", within: 0 },
  'tiff-16bit.tiff': { becomes: 'the high byte of each sample', within: 0 },
  'tiff-exif-6.tiff': { becomes: 'turned by 90° clockwise', within: 0 },
  'svg.svg': { becomes: 'drawn on white at its own size', within: 0 },
  'bmp-1bit.bmp': { becomes: 'the colours of the palette', within: 0 },
  'bmp-1bit-black-white.bmp': { becomes: 'black and white', within: 0 },
  'bmp-4bit.bmp': { becomes: 'the colours of the palette', within: 0 },
  'bmp-4bit-short-palette.bmp': { becomes: 'the colours of the palette', within: 0 },
  'bmp-8bit.bmp': { becomes: 'the colours of the palette', within: 0 },
  'bmp-8bit-grey.bmp': { becomes: 'three equal channels', within: 0 },
  'bmp-8bit-top-down.bmp': { becomes: 'the colours of the palette', within: 0 },
  'bmp-8bit-os2.bmp': { becomes: 'the colours of the palette', within: 0 },
  'bmp-16bit-555.bmp': { becomes: '5 bits widened to 8', within: 0 },
  'bmp-16bit-565.bmp': { becomes: '5 and 6 bits widened to 8', within: 0 },
  'bmp-24bit.bmp': { becomes: 'the pixels stored', within: 0 },
  'bmp-24bit-top-down.bmp': { becomes: 'the pixels stored', within: 0 },
  'bmp-24bit-gap.bmp': { becomes: 'the pixels stored, at their offset', within: 0 },
  'bmp-24bit-os2.bmp': { becomes: 'the pixels stored', within: 0 },
  'bmp-24bit-v5.bmp': { becomes: 'the pixels stored', within: 0 },
  'bmp-32bit.bmp': { becomes: 'the pixels stored, fourth byte dropped', within: 0 },
  'bmp-32bit-alpha-v4.bmp': { becomes: 'the masked colours, alpha dropped', within: 0 },
  'bmp-32bit-rgbx.bmp': { becomes: 'the masked colours', within: 0 },
  'bmp-rle8.bmp': { becomes: 'the runs unpacked, index 0 where skipped', within: 0 },
  'bmp-rle4.bmp': { becomes: 'the runs unpacked, index 0 where skipped', within: 0 },
};

const scratch = mkdtempSync(join(tmpdir(), 'patchlens-decode-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('every kind of file', () => {
  for (const [file, { becomes, within }] of Object.entries(KINDS)) {
    test(`${file} becomes ${becomes}`, async () => {
      const expected = kindGoldens(file);
      const image = await decodeImage(fixture('kinds', file));
      expect([image.width, image.height]).toEqual([expected.width, expected.height]);
      expect(worstDifference(image.data, expected.data)).toBeLessThanOrEqual(within);
    });
  }

  test('every fixture has its row', () => {
    expect(Object.keys(KINDS).toSorted()).toEqual(KIND_FILES);
  });

  test('bytes decode as the file does', async () => {
    for (const file of ['jpeg-exif-6.jpeg', 'png-palette.png', 'bmp-rle4.bmp', 'svg.svg']) {
      const bytes = new Uint8Array(readFileSync(fixture('kinds', file)));
      expect(await decodeImage(bytes)).toEqual(await decodeImage(fixture('kinds', file)));
    }
  });

  test('without autoOrient the stored order stays', async () => {
    const turned = readdirSync(fixture('kinds')).filter((file) => file.includes('exif'));
    expect(turned).toHaveLength(10);
    for (const file of turned) {
      const image = await decodeImage(fixture('kinds', file), { autoOrient: false });
      const expected = kindGoldens(`${file} as stored`);
      expect([file, image.width, image.height]).toEqual([file, expected.width, expected.height]);
      expect(worstDifference(image.data, expected.data)).toBe(0);
    }
  });

  test('a drawing fetches nothing that it links to', async () => {
    const target = fixture('kinds', 'png-rgb.png');
    const link = (href: string) =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="23" height="17"><image href="${href}" width="23" height="17"/></svg>`;
    for (const href of [`file://${target}`, target, 'png-rgb.png']) {
      const { data } = await decodeImage(Buffer.from(link(href)));
      expect(data.every((sample) => sample === 255)).toBe(true);
    }
  });
});

describe('an odd stretch in 4-bit run-length code', () => {
  test('keeps its last pixel and its padding', async () => {
    const header = readFileSync(fixture('kinds', 'bmp-rle4.bmp')).subarray(0, 14 + 40 + 64);
    const code = [0, 3, 0x12, 0x30, 10, 0x44, 0, 1]; // 1 2 3, then ten times 4
    const { data } = await decodeImage(Buffer.concat([header, Buffer.from(code)]));
    const colourOf = (index: number) => [2, 1, 0].map((c) => header[54 + index * 4 + c]);
    const bottomRow = data.subarray(6 * 13 * 3);
    const indices = [1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4];
    expect([...bottomRow]).toEqual(indices.flatMap(colourOf));
  });
});

describe('what is no image', () => {
  const failure = async (source: string | Uint8Array, options = {}): Promise<[ErrorCode, string]> => {
    const error: unknown = await decodeImage(source, options).catch((reason: unknown) => reason);
    if (!(error instanceof ImageError)) throw new Error(`expected an ImageError, got ${String(error)}`);
    return [error.code, error.message];
  };
  const written = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(scratch, name), content);
    return join(scratch, name);
  };

  test('a missing file is not found', async () => {
    const path = join(scratch, 'missing.png');
    expect(await failure(path)).toEqual(['IMAGE_NOT_FOUND', `${path}: expected an image file, got no such file`]);
    const below = join(written('plain.txt', 'x'), 'below.png');
    expect((await failure(below))[0]).toBe('IMAGE_NOT_FOUND');
  });

  test('a name that Node could not read as UTF-8 is said to be one', async () => {
    const path = join(scratch, 'not\ufffdutf8.png');
    const message = `${path}: expected an image file, got a name that is not UTF-8. Rename the file`;
    expect(await failure(path)).toEqual(['IMAGE_NOT_FOUND', message]);
  });

  test.each([
    ['twelve bytes', 'hello, world', 'got 12 bytes of text'],
    ['an empty file', '', 'got an empty file'],
    ['a web page', '<!DOCTYPE html><html><svg/></html>', 'got an HTML page of 34 bytes'],
    ['other bytes', new Uint8Array([0, 1, 2, 255]), 'got 4 bytes of an unknown kind, starting 00 01 02 ff'],
  ])('%s is unreadable, and the message says what it is', async (_, content, got) => {
    const path = written('content.jpg', content);
    expect(await failure(path)).toEqual(['IMAGE_UNREADABLE', `${path}: expected an image, ${got}`]);
    const bytes = Buffer.from(content as string);
    expect(await failure(bytes)).toEqual(['IMAGE_UNREADABLE', `image bytes: expected an image, ${got}`]);
  });

  test('a folder is unreadable', async () => {
    const [code, message] = await failure(scratch);
    expect([code, message]).toEqual(['IMAGE_UNREADABLE', `${scratch}: expected an image file, got a folder`]);
  });

  test.skipIf(process.platform === 'win32')('a FIFO without a writer is unreadable at once', async () => {
    const path = join(scratch, 'fifo');
    execFileSync('mkfifo', [path]);
    expect((await failure(path))[1]).toContain('got a device, pipe or socket');
  });

  test.each([
    'jpeg-baseline.jpeg',
    'jpeg-progressive.jpeg',
    'png-rgb.png',
    'webp-lossy.webp',
    'gif.gif',
    'tiff-rgb.tiff',
    'avif.avif',
    'bmp-24bit.bmp',
    'bmp-16bit-565.bmp',
  ])('%s cut short is unreadable wherever the cut is', async (file) => {
    const bytes = readFileSync(fixture('kinds', file));
    for (const fraction of [0.3, 0.6, 0.9]) {
      const path = written(file, bytes.subarray(0, Math.floor(bytes.length * fraction)));
      const [code, message] = await failure(path);
      expect(code).toBe('IMAGE_UNREADABLE');
      expect(message.startsWith(`${path}: expected `)).toBe(true);
    }
  });

  test('a PNG with a wrong checksum is unreadable', async () => {
    const bytes = readFileSync(fixture('kinds', 'png-rgb.png'));
    bytes[bytes.indexOf('IDAT') + 40]! ^= 1;
    expect((await failure(bytes))[0]).toBe('IMAGE_UNREADABLE');
  });

  test.each([
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
    ['JPEG XL', '\xff\x0a\0\0'],
    ['PDF', '%PDF-1.7'],
    ['Photoshop', '8BPS\0\x01'],
  ])('%s is known but not supported', async (kind, start) => {
    const [code, message] = await failure(Buffer.from(start, 'latin1'));
    expect(code).toBe('IMAGE_UNSUPPORTED');
    expect(message).toContain(`got a ${kind} file. Convert it to PNG.`);
  });

  test.each([
    ['an embedded JPEG', 24, 4],
    ['run-length code at the wrong depth', 4, 1],
    ['two bits a pixel', 2, 0],
  ])('a BMP with %s is not supported', async (_, depth, compression) => {
    const bytes = readFileSync(fixture('kinds', 'bmp-24bit.bmp'));
    bytes.writeUInt16LE(depth, 28);
    bytes.writeUInt32LE(compression, 30);
    const [code, message] = await failure(bytes);
    expect(code).toBe('IMAGE_UNSUPPORTED');
    expect(message).toContain(`got ${depth} bits a pixel with compression ${compression}`);
  });

  test('a header that claims too many pixels is refused before anything is allocated', async () => {
    const bmp = readFileSync(fixture('kinds', 'bmp-24bit.bmp'));
    bmp.writeInt32LE(2 ** 31 - 1, 18);
    bmp.writeInt32LE(-(2 ** 31), 22);
    expect(await failure(bmp)).toEqual([
      'IMAGE_TOO_LARGE',
      'image bytes: expected at most 268402689 pixels, got 2147483647 × 2147483648. Scale it down first.',
    ]);
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"/>');
    expect((await failure(svg))[0]).toBe('IMAGE_TOO_LARGE');
    expect((await failure(fixture('kinds', 'png-rgb.png'), { maxPixels: 23 * 17 - 1 }))[0]).toBe('IMAGE_TOO_LARGE');
    await expect(decodeImage(fixture('kinds', 'png-rgb.png'), { maxPixels: 23 * 17 })).resolves.toBeDefined();
  });

  test('an SVG of more elements than any drawing has is refused before it is parsed', async () => {
    const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">${'<g/>'.repeat(2e5)}</svg>`);
    expect(await failure(svg)).toEqual([
      'IMAGE_TOO_LARGE',
      'image bytes: expected an SVG of at most 200000 tags, got 200002. Draw it to PNG first.',
    ]);
  });

  test('a limit that is no limit is the caller’s mistake', async () => {
    await expect(decodeImage('any.png', { maxPixels: Number.NaN })).rejects.toThrow(ArgumentError);
  });

  test('any damage to a BMP gives an image or an ImageError, nothing else', async () => {
    for (const file of ['bmp-rle8.bmp', 'bmp-8bit-os2.bmp', 'bmp-32bit-alpha-v4.bmp']) {
      const whole = readFileSync(fixture('kinds', file));
      for (let at = 2; at < 80; at++) {
        const bytes = Buffer.from(whole);
        bytes[at] = bytes[at]! ^ 0xff;
        const outcome: unknown = await decodeImage(bytes, { maxPixels: 1e6 }).catch((error: unknown) => error);
        expect(outcome instanceof ImageError || !(outcome instanceof Error), `${file}, byte ${at}`).toBe(true);
      }
    }
  });
});
