import { describe, expect, test } from 'vitest';
import { geometryOf, halfToEven } from '../../src/image/geometry.ts';
import type { Preprocessing, Resize } from '../../src/weights/preprocessing.ts';

function recipe(resize: Resize, cropRounding: Preprocessing['cropRounding'] = 'half-even'): Preprocessing {
  const imageSize = { height: 224, width: 224 };
  return { imageSize, resize, interpolation: 'bicubic', cropRounding, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
}

describe('the resized size', () => {
  test('truncates the longer edge', () => {
    // 248 · 500 / 375 = 330.67
    const { resized } = geometryOf(recipe({ kind: 'shorter-edge', size: 248 }), { width: 500, height: 375 });
    expect(resized).toEqual({ width: 330, height: 248 });
    const turned = geometryOf(recipe({ kind: 'shorter-edge', size: 248 }), { width: 375, height: 500 });
    expect(turned.resized).toEqual({ width: 248, height: 330 });
  });

  test('rounds half to even when it covers', () => {
    const cover: Resize = { kind: 'cover', size: { height: 240, width: 240 } };
    // 240 · 481 / 480 = 240.5 → 240, and 240 · 483 / 480 = 241.5 → 242
    expect(geometryOf(recipe(cover), { width: 481, height: 480 }).resized.width).toBe(240);
    expect(geometryOf(recipe(cover), { width: 483, height: 480 }).resized.width).toBe(242);
  });

  test('never loses an axis when a very long image has to fit', () => {
    const border: Resize = { kind: 'border', size: { height: 224, width: 224 } };
    const { resized, placement } = geometryOf(recipe(border), { width: 30_000, height: 1 });
    expect(resized).toEqual({ width: 224, height: 1 });
    expect(placement).toEqual({ top: 111, left: 0 });
  });
});

describe('an odd margin', () => {
  test.each([
    [225, 0, 0],
    [227, 2, 1],
    [229, 2, 2],
    [231, 4, 3],
  ])('of a %i pixel edge starts at %i for torchvision and at %i for transformers', (edge, halfEven, floor) => {
    const resize: Resize = { kind: 'squash', size: { height: edge, width: 224 } };
    const size = { height: 100, width: 100 };
    expect(geometryOf(recipe(resize), size).window.top).toBe(halfEven);
    expect(geometryOf(recipe(resize, 'floor'), size).window.top).toBe(floor);
  });

  test('of padding goes below and to the right', () => {
    const resize: Resize = { kind: 'squash', size: { height: 223, width: 219 } };
    const { window, placement } = geometryOf(recipe(resize), { height: 10, width: 10 });
    expect(window).toEqual({ top: 0, left: 0, height: 223, width: 219 });
    expect(placement).toEqual({ top: 0, left: 2 });
  });
});

test('halves are rounded to even numbers, all else to the nearest', () => {
  expect([0.5, 1.5, 2.5, 3.49, 3.51, 127.5].map(halfToEven)).toEqual([0, 2, 2, 3, 4, 128]);
});
