import { describe, expect, test } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { resample, type ResampleKernel } from '../../src/image/resample.ts';
import { INTERPOLATIONS, type Interpolation } from '../../src/weights/preprocessing.ts';
import { cropped, golden, noise, sha256 } from './fixtures.ts';

interface Case {
  readonly input: readonly [width: number, height: number];
  readonly output: { readonly width: number; readonly height: number };
  readonly interpolation: Interpolation;
  /** Every byte in base64, or of large images their SHA-256 in hexadecimal. */
  readonly expected: string;
}

const CASES: readonly Case[] = Object.entries(golden<Record<string, string>>('resizes.json')).map(([key, expected]) => {
  const [input = '', output = '', name] = key.split(' ');
  const [width = 0, height = 0] = output.split('x').map(Number);
  const [inputWidth = 0, inputHeight = 0] = input.split('x').map(Number);
  const interpolation = INTERPOLATIONS.find((known) => known === name);
  if (interpolation === undefined) throw new Error(`resizes.json: unknown filter in "${key}"`);
  return { input: [inputWidth, inputHeight], output: { width, height }, interpolation, expected };
});

describe('a resize equals Pillow’s, byte for byte', () => {
  test.each(CASES)(
    '$input → $output.width,$output.height $interpolation',
    ({ input, output, interpolation, expected }) => {
      const { data, width, height } = resample(noise(...input), output, interpolation);
      expect([width, height]).toEqual([output.width, output.height]);
      expect(expected.length === 64 ? sha256(data) : Buffer.from(data).toString('base64')).toBe(expected);
    },
  );

  test('every filter is covered', () => {
    expect(new Set(CASES.map(({ interpolation }) => interpolation))).toEqual(new Set(INTERPOLATIONS));
  });
});

describe('a window', () => {
  const image = noise(61, 47);

  test.each(INTERPOLATIONS)('holds the pixels that a crop of the whole would (%s)', (interpolation) => {
    for (const size of [
      { width: 29, height: 31 },
      { width: 97, height: 53 },
      { width: 61, height: 19 },
      { width: 61, height: 47 },
    ]) {
      const whole = resample(image, size, interpolation);
      const window = { left: 3, top: 5, width: size.width - 7, height: size.height - 12 };
      const part = resample(image, size, interpolation, { window });
      expect(part).toEqual(cropped(whole, 3, 5, window.width, window.height));
    }
  });

  test('of an image that would fill memory costs only itself', () => {
    // Whole, this would be 248 × 7,440,000 pixels: 5.5 GB.
    const window = { left: 12, top: 3_719_888, width: 224, height: 224 };
    const part = resample(noise(1, 30_000), { width: 248, height: 7_440_000 }, 'bicubic', { window });
    expect(part.data).toHaveLength(224 * 224 * 3);
  });

  test.each([
    { left: -1, top: 0, width: 5, height: 5 },
    { left: 0, top: 3, width: 5, height: 8 },
    { left: 0, top: 0, width: 0, height: 5 },
  ])('outside the resized image is refused: %o', (window) => {
    expect(() => resample(image, { width: 10, height: 10 }, 'box', { window })).toThrow(ArgumentError);
  });
});

test('shrinking a checkerboard by two gives its mean, rounded up at a half', () => {
  const data = Uint8Array.from({ length: 4 * 4 * 3 }, (_, i) => ((Math.floor(i / 3) + Math.floor(i / 12)) % 2) * 255);
  const { data: small } = resample({ data, width: 4, height: 4 }, { width: 2, height: 2 }, 'box');
  expect([...small]).toEqual(Array.from({ length: 12 }, () => 128));
});

test('an injected kernel gets integer taps that alone decide the result', () => {
  const image = noise(23, 19);
  // The definition, without any of the shortcuts: both passes by the taps, in exact arithmetic.
  const plain: ResampleKernel = ({ data, width }, horizontal, vertical) => {
    const weigh = (taps: typeof vertical, i: number, sampleAt: (position: number) => number): number => {
      let sum = 2 ** 21;
      for (let t = 0; t < taps.count[i]!; t++) sum += taps.weights[i * taps.stride + t]! * sampleAt(taps.first[i]! + t);
      return Math.min(255, Math.max(0, Math.floor(sum / 2 ** 22)));
    };
    const out: number[] = [];
    for (let y = 0; y < vertical.first.length; y++) {
      for (let x = 0; x < horizontal.first.length; x++) {
        for (let c = 0; c < 3; c++) {
          out.push(
            weigh(vertical, y, (row) => weigh(horizontal, x, (column) => data[(row * width + column) * 3 + c]!)),
          );
        }
      }
    }
    return Uint8Array.from(out);
  };
  for (const size of [
    { width: 11, height: 29 },
    { width: 23, height: 7 },
  ]) {
    expect(resample(image, size, 'lanczos', { kernel: plain })).toEqual(resample(image, size, 'lanczos'));
  }
});
