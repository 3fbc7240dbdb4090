import { beforeAll, describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/errors.ts';
import { decodeImage } from '../../src/image/decode.ts';
import { preprocess } from '../../src/image/preprocess.ts';
import type { RgbImage } from '../../src/image/rgb-image.ts';
import type { Interpolation, Preprocessing, Resize, Rgb, Size } from '../../src/weights/preprocessing.ts';
import { cropped, fixture, golden, sha256 } from './fixtures.ts';

const HALF: readonly [mean: Rgb, std: Rgb] = [
  [0.5, 0.5, 0.5],
  [0.5, 0.5, 0.5],
];
const IMAGENET: readonly [mean: Rgb, std: Rgb] = [
  [0.485, 0.456, 0.406],
  [0.229, 0.224, 0.225],
];

const square = (side: number): Size => ({ height: side, width: side });

function recipe(
  imageSize: Size,
  resize: Resize,
  interpolation: Interpolation,
  [mean, std]: readonly [Rgb, Rgb],
  cropRounding: Preprocessing['cropRounding'] = 'half-even',
): Preprocessing {
  return { imageSize, resize, interpolation, cropRounding, mean, std };
}

/** What each pipeline of the golden script is in our terms. */
const RECIPES: Readonly<Record<string, Preprocessing>> = {
  'timm 224 crop 0.9 bicubic': recipe(square(224), { kind: 'shorter-edge', size: 248 }, 'bicubic', HALF),
  'timm 224 crop 0.875 bilinear': recipe(square(224), { kind: 'shorter-edge', size: 256 }, 'bilinear', IMAGENET),
  'timm 96 crop 1.0 lanczos': recipe(square(96), { kind: 'shorter-edge', size: 96 }, 'lanczos', IMAGENET),
  'timm 224 crop 0.9 squash': recipe(square(224), { kind: 'squash', size: square(248) }, 'bicubic', IMAGENET),
  'timm 224 crop 0.9 border': recipe(square(224), { kind: 'border', size: square(248) }, 'bicubic', IMAGENET),
  'timm 224 crop 1.0 border': recipe(square(224), { kind: 'border', size: square(224) }, 'bicubic', HALF),
  // timm 1.0.29 passes no interpolation to the resize of a non-square input, so it is bilinear whatever is asked for.
  'timm 240x320 crop 0.95': recipe(
    { height: 240, width: 320 },
    { kind: 'cover', size: { height: 252, width: 336 } },
    'bilinear',
    IMAGENET,
  ),
  'torchvision 120 crop 161': recipe(square(161), { kind: 'shorter-edge', size: 120 }, 'bilinear', IMAGENET),
  'transformers 251 crop 224': recipe(square(224), { kind: 'shorter-edge', size: 251 }, 'bicubic', IMAGENET, 'floor'),
};

interface Golden {
  readonly shape: readonly number[];
  readonly samples: Readonly<Record<string, number>>;
  readonly sha256: string;
}

const GOLDENS = golden<Record<string, Golden>>('preprocessing.json');

describe('preprocessing equals the Python pipeline, bit for bit', () => {
  let photo: RgbImage;
  beforeAll(async () => {
    photo = await decodeImage(fixture('photo.jpeg'));
  });

  test.each(Object.entries(GOLDENS))('%s', (key, expected) => {
    const [cut = '', ...name] = key.split(' ');
    const [width = 0, height = 0] = cut.split('x').map(Number);
    const of = RECIPES[name.join(' ')];
    if (of === undefined) throw new Error(`no recipe for "${key}"`);
    const { data, shape } = preprocess(cropped(photo, 0, 0, width, height), of);
    expect(shape).toEqual(expected.shape);
    for (const [at, value] of Object.entries(expected.samples)) expect([at, data[Number(at)]]).toEqual([at, value]);
    expect(sha256(data)).toBe(expected.sha256);
  });

  test('every recipe has its golden', () => {
    const covered = new Set(Object.keys(GOLDENS).map((key) => key.slice(key.indexOf(' ') + 1)));
    expect([...covered].toSorted()).toEqual(Object.keys(RECIPES).toSorted());
  });
});

describe('a place in a batch', () => {
  const of = recipe(square(8), { kind: 'squash', size: square(8) }, 'box', HALF);
  const grey: RgbImage = { data: new Uint8Array(5 * 3 * 3).fill(255), width: 5, height: 3 };
  const samples = 8 * 8 * 3;

  test('is written and nothing around it', () => {
    const out = new Float32Array(3 * samples).fill(7);
    const view = preprocess(grey, of, { out, offset: samples });
    expect(view.data.buffer).toBe(out.buffer);
    expect(view.data.every((value) => value === 1)).toBe(true);
    expect(out.subarray(0, samples).every((value) => value === 7)).toBe(true);
    expect(out.subarray(2 * samples).every((value) => value === 7)).toBe(true);
  });

  test('that is too small is refused', () => {
    const out = new Float32Array(2 * samples);
    expect(() => preprocess(grey, of, { out, offset: samples + 1 })).toThrow(ShapeError);
    expect(() => preprocess(grey, of, { out, offset: -1 })).toThrow(ShapeError);
  });
});

test('stale padding of an earlier image in the batch is overwritten', () => {
  const of = recipe(square(6), { kind: 'border', size: square(6) }, 'bilinear', HALF);
  const wide: RgbImage = { data: new Uint8Array(6 * 2 * 3).fill(0), width: 6, height: 2 };
  const out = new Float32Array(6 * 6 * 3).fill(99);
  preprocess(wide, of, { out });
  const rows = [0, 1, 2, 3, 4, 5].map((y) => out[y * 18]!);
  // The mean colour 127.5 is rounded to 128, as timm does, so padding is not exactly zero.
  const padding = Math.fround(Math.fround(Math.fround(128 / 255) - 0.5) / 0.5);
  expect(rows).toEqual([padding, padding, -1, -1, padding, padding]);
});
