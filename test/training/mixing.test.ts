import { expect, test } from 'vitest';

import type { RgbImage } from '../../src/image/rgb-image.ts';
import { mixed } from '../../src/training/mixing.ts';
import { randomOf } from '../../src/training/random.ts';

const SIDE = 10;

function flat(value: number): RgbImage {
  return { data: new Uint8Array(SIDE * SIDE * 3).fill(value), width: SIDE, height: SIDE };
}

function pair() {
  return { images: [flat(0), flat(200)], targets: [Float32Array.of(1, 0), Float32Array.of(0, 1)] };
}

test('mixup adds an image and its opposite by the share by which it adds their labels', () => {
  const shares = Array.from({ length: 50 }, (_, seed) => {
    const { images, targets } = pair();
    const [first] = mixed(images, targets, { mixup: 0.8, cutmix: 0 }, randomOf(seed));
    expect(new Set(first!.data).size).toBe(1);
    expect(targets[0]![1]).toBeCloseTo(first!.data[0]! / 200, 2);
    expect(targets[1]![0]).toBeCloseTo(targets[0]![1]!, 6);
    expect(targets[0]![0]! + targets[0]![1]!).toBeCloseTo(1, 6);
    return targets[0]![1]!;
  });
  expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.5);
});

test('CutMix puts a rectangle of the opposite into an image, and as much of its label', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const { images, targets } = pair();
    const [first, second] = mixed(images, targets, { mixup: 0, cutmix: 1 }, randomOf(seed));
    const area = first!.data.filter((value) => value === 200).length / 3;
    expect(second!.data.filter((value) => value === 0).length / 3).toBe(area);
    expect(targets[0]![1]).toBeCloseTo(area / SIDE ** 2, 6);
  }
});

test('with both, one of them is done to a batch', () => {
  const kinds = new Set<number>();
  for (let seed = 0; seed < 20; seed += 1) {
    const { images, targets } = pair();
    const [first] = mixed(images, targets, { mixup: 0.8, cutmix: 1 }, randomOf(seed));
    kinds.add(new Set(first!.data).size);
  }
  expect(kinds).toEqual(new Set([1, 2]));
});

test('images of different sizes cannot be mixed', () => {
  const other: RgbImage = { data: new Uint8Array(3), width: 1, height: 1 };
  const targets = [new Float32Array(2), new Float32Array(2)];
  expect(() => mixed([flat(1), other], targets, { mixup: 1, cutmix: 0 }, randomOf(1))).toThrow('images of one size');
});
