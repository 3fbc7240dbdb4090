import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { levelsOf, perturb, PERTURBATION_KINDS } from '../../src/image/perturb.ts';
import type { PerturbationKind } from '../../src/image/perturb.ts';
import { occluded, shuffled } from '../../src/image/perturb-patches.ts';
import { blurred } from '../../src/image/perturb-pixels.ts';
import { preparedOf, viewOf } from '../../src/image/view.ts';
import type { View } from '../../src/image/view.ts';
import { randomOf } from '../../src/metrics/random.ts';
import type { Preprocessing } from '../../src/weights/preprocessing.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';

/** float32 there and back, on values of 0…1. */
const ROUNDING = { atol: 1e-6 };
/** The stored image and its blur are rounded to six places. */
const STORED = { atol: 2e-6 };

const SIZE = { height: 28, width: 42 };
const RECIPE: Preprocessing = {
  imageSize: SIZE,
  resize: { kind: 'squash', size: SIZE },
  interpolation: 'bicubic',
  cropRounding: 'floor',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

function randomView({ height, width } = SIZE): View {
  const random = randomOf(3);
  return {
    height,
    width,
    data: Float32Array.from({ length: height * width * 3 }, () => Math.round(random.uniform() * 255) / 255),
  };
}

async function perturbed(kind: PerturbationKind, level: number, seed = 1): Promise<View> {
  const prepared = preparedOf(randomView(), RECIPE);
  return viewOf(await perturb(prepared, RECIPE, { kind, level, random: randomOf(seed) }), RECIPE);
}

/** A matcher would take a second over so many values. */
function bitsOf({ buffer }: Float32Array): Buffer {
  return Buffer.from(buffer);
}

/** Cells [14 · 14] of 2 × 3 pixels, each as one string. */
function cellsOf({ data, width }: View): string[] {
  return Array.from({ length: 196 }, (_, cell) => {
    const [top, left] = [Math.floor(cell / 14) * 2, (cell % 14) * 3];
    const rows = [0, 1].map((y) => data.slice(((top + y) * width + left) * 3, ((top + y) * width + left + 3) * 3));
    return rows.map((row) => Array.from(row, (value) => value.toFixed(4)).join()).join(';');
  });
}

test.each(PERTURBATION_KINDS)('%s depends on the seed alone and keeps pixels within 0…1', async (kind) => {
  const { levels } = levelsOf(kind);
  expect(levels.length).toBeGreaterThan(4);
  for (const level of levels) {
    const { data } = await perturbed(kind, level);
    expect(Buffer.compare(bitsOf(data), bitsOf((await perturbed(kind, level)).data))).toBe(0);
    expect(data.every((value) => value >= 0 && value <= 1)).toBe(true);
  }
});

test('the normalisation is taken off and put on again', () => {
  const view = randomView();
  expect(viewOf(preparedOf(view, RECIPE), RECIPE).data).toBeCloseToArray(view.data, ROUNDING);
});

describe('patches', () => {
  test('are dropped to black, as many as asked for, those of a smaller share among those of a larger', async () => {
    const black = cellsOf({ ...randomView(), data: new Float32Array(SIZE.height * SIZE.width * 3) })[0];
    const droppedAt = async (share: number) => {
      const cells = cellsOf(await perturbed('patch-drop', share));
      return new Set(cells.flatMap((cell, i) => (cell === black ? [i] : [])));
    };
    const [few, many] = [await droppedAt(0.3), await droppedAt(0.7)];
    expect([few.size, many.size]).toEqual([59, 137]);
    expect([...few].every((cell) => many.has(cell))).toBe(true);
    const untouched = cellsOf(randomView());
    const kept = cellsOf(await perturbed('patch-drop', 0.3)).filter((_, i) => !few.has(i));
    expect(kept).toEqual(untouched.filter((_, i) => !few.has(i)));
  });

  test('change places and are otherwise the same', async () => {
    const before = cellsOf(randomView());
    for (const [share, moved] of [
      [0.1, 20],
      [1, 196],
    ] as const) {
      const after = cellsOf(await perturbed('patch-shuffle', share));
      expect(after.toSorted()).toEqual(before.toSorted());
      expect(after.filter((cell, i) => cell !== before[i])).toHaveLength(moved);
    }
  });

  test('need not divide the image', () => {
    const view = randomView({ height: 31, width: 45 });
    const { data } = shuffled(view, { grid: 14, share: 1, random: randomOf(2) });
    const known = new Set(view.data);
    expect(data.every((value) => known.has(value))).toBe(true);
    expect(data).not.toEqual(view.data);
  });

  test('make way for a grey square of the share of the area', () => {
    const view = { ...randomView(), data: randomView().data.fill(0.25) };
    const { data } = occluded(view, { share: 0.2, random: randomOf(4) });
    const side = Math.round(Math.sqrt(0.2 * 28 * 42));
    expect(data.filter((value) => value === 0.5)).toHaveLength(side * side * 3);
    const whole = occluded(view, { share: 1, random: randomOf(4) });
    expect(whole.data.filter((value) => value === 0.5)).toHaveLength(28 * 28 * 3);
  });
});

describe('pixels', () => {
  test("are blurred as by scipy's gaussian_filter", () => {
    const goldens = JSON.parse(readFileSync(`${GOLDEN_FOLDER}metrics.json`, 'utf8')) as {
      blurs: { sigma: number; image: number[]; blurred: number[] }[];
    };
    for (const { sigma, image, blurred: expected } of goldens.blurs) {
      const view = { width: 11, height: 7, data: Float32Array.from(image) };
      expect(blurred(view, sigma).data).toBeCloseToArray(expected, STORED);
    }
  });

  test('get noise of the standard deviation', async () => {
    const grey = preparedOf({ ...randomView(), data: randomView().data.fill(0.5) }, RECIPE);
    const noisy = viewOf(await perturb(grey, RECIPE, { kind: 'noise', level: 0.08, random: randomOf(1) }), RECIPE);
    const variance = noisy.data.reduce((sum, value) => sum + (value - 0.5) ** 2, 0) / noisy.data.length;
    expect(Math.abs(Math.sqrt(variance) - 0.08)).toBeLessThan(0.004);
  });

  test('lose more the harsher the compression and the lower the resolution', async () => {
    for (const kind of ['jpeg', 'resolution', 'blur'] as const) {
      const losses: number[] = [];
      for (const level of levelsOf(kind).levels.filter((value) => kind !== 'resolution' || value < 28)) {
        const { data } = await perturbed(kind, level);
        const clean = randomView().data;
        losses.push(data.reduce((sum, value, i) => sum + (value - clean[i]!) ** 2, 0));
      }
      expect(losses).toEqual(losses.toSorted((a, b) => a - b));
    }
    // A view that is no larger than the level stays as it is.
    expect((await perturbed('resolution', 28)).data).toBeCloseToArray(randomView().data, ROUNDING);
  });
});
