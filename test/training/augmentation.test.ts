import { describe, expect, test } from 'vitest';

import type { RgbImage } from '../../src/image/rgb-image.ts';
import { augmented } from '../../src/training/augmentation.ts';
import type { Augmentation } from '../../src/training/augmentation.ts';
import { randomOf } from '../../src/training/random.ts';
import { randAugment } from '../../src/training/rand-augment.ts';

const NOTHING: Augmentation = { flip: 0, erasing: 0 };

/** Every sample is its own. */
function picture(width: number, height: number): RgbImage {
  return { data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 251), width, height };
}

function pixelsOf({ data }: RgbImage): string[] {
  return Array.from({ length: data.length / 3 }, (_, i) => data.subarray(3 * i, 3 * i + 3).join());
}

describe('augmentation', () => {
  test('of nothing leaves an image as it is, and the same random numbers change it alike', () => {
    const image = picture(11, 7);
    expect(augmented(image, NOTHING, randomOf(1))).toEqual(image);
    const all: Augmentation = {
      crop: { kind: 'resized', minArea: 0.3, size: { height: 5, width: 6 }, interpolation: 'bilinear' },
      flip: 0.5,
      randAugment: { operations: 3, magnitude: 9 },
      erasing: 0.5,
    };
    expect(augmented(image, all, randomOf(1))).toEqual(augmented(image, all, randomOf(1)));
    expect(augmented(image, all, randomOf(1))).not.toEqual(augmented(image, all, randomOf(2)));
    expect(augmented(image, all, randomOf(1))).toMatchObject({ width: 6, height: 5 });
    expect(image).toEqual(picture(11, 7));
  });

  test('mirrors rows, and twice is not at all', () => {
    const flip = { ...NOTHING, flip: 1 };
    const once = augmented(picture(3, 1), flip, randomOf(1));
    expect(pixelsOf(once)).toEqual(pixelsOf(picture(3, 1)).toReversed());
    expect(augmented(augmented(picture(5, 4), flip, randomOf(1)), flip, randomOf(2))).toEqual(picture(5, 4));
  });

  test('shifts by at most the padding, with black where the image was not', () => {
    const image: RgbImage = { data: new Uint8Array(5 * 5 * 3).fill(9), width: 5, height: 5 };
    const blacks = Array.from({ length: 200 }, (_, i) => {
      const { data } = augmented(image, { ...NOTHING, crop: { kind: 'padded', pixels: 2 } }, randomOf(i));
      return data.filter((value) => value === 0).length / 3;
    });
    expect(Math.min(...blacks)).toBe(0);
    // Two rows and two columns of five.
    expect(Math.max(...blacks)).toBe(25 - 9);
  });

  test('erases between a fiftieth and a third of the image, here and there', () => {
    const image: RgbImage = { data: new Uint8Array(40 * 40 * 3), width: 40, height: 40 };
    const places = new Set<number>();
    for (let i = 0; i < 100; i += 1) {
      const { data } = augmented(image, { ...NOTHING, erasing: 1 }, randomOf(i));
      const touched = pixelsOf({ ...image, data }).map((pixel) => pixel !== '0,0,0');
      const share = touched.filter(Boolean).length / touched.length;
      expect(share).toBeGreaterThan(0.01);
      expect(share).toBeLessThan(0.36);
      places.add(touched.indexOf(true));
    }
    expect(places.size).toBeGreaterThan(50);
  });

  test('a random crop of the whole area is a resize', () => {
    const crop = { kind: 'resized', minArea: 1, size: { height: 4, width: 4 }, interpolation: 'box' } as const;
    const grey: RgbImage = { data: new Uint8Array(8 * 8 * 3).fill(77), width: 8, height: 8 };
    expect(augmented(grey, { ...NOTHING, crop }, randomOf(3)).data).toEqual(new Uint8Array(4 * 4 * 3).fill(77));
  });
});

describe('RandAugment', () => {
  test('of strength zero changes nothing but by the operations without a strength', () => {
    // Grey of one value: stretching and equalising leave it too.
    const grey: RgbImage = { data: new Uint8Array(6 * 6 * 3).fill(200), width: 6, height: 6 };
    for (let seed = 0; seed < 60; seed += 1) {
      expect(randAugment(grey, { operations: 2, magnitude: 0 }, randomOf(seed)).data).toEqual(grey.data);
    }
  });

  test('has 14 operations that all keep the size', () => {
    // Fewer than 255 samples of a channel are not equalised.
    const image = picture(32, 20);
    const results = new Set<string>();
    for (let seed = 0; seed < 300; seed += 1) {
      const result = randAugment(image, { operations: 1, magnitude: 9 }, randomOf(seed));
      expect([result.width, result.height, result.data.length]).toEqual([32, 20, 1920]);
      results.add(result.data.join());
    }
    // Nine of them go two ways; nothing changes the image in one.
    expect(results.size).toBe(14 + 9);
  });
});
