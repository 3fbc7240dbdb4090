import ndarray, { type NdArray } from 'ndarray';
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/errors.ts';
import { patchify, patchView } from '../../src/image/patches.ts';

function counting(...shape: number[]): NdArray<Float32Array> {
  const size = shape.reduce((product, side) => product * side, 1);
  return ndarray(
    Float32Array.from({ length: size }, (_, i) => i),
    shape,
  );
}

describe('patchView', () => {
  test('shares the pixels and indexes them as [Gh, Gw, P, P, C]', () => {
    const image = counting(6, 9, 2);
    const view = patchView(image, 3);
    expect(view.shape).toEqual([2, 3, 3, 3, 2]);
    expect(view.data).toBe(image.data);
    expect(view.get(1, 2, 0, 1, 1)).toBe(image.get(3, 7, 1));
    image.set(5, 0, 1, -1);
    expect(view.get(1, 0, 2, 0, 1)).toBe(-1);
  });

  test('follows the strides of a transposed and cropped image', () => {
    const image = counting(2, 11, 9).transpose(2, 1, 0).lo(1, 2, 0).hi(8, 6, 2); // [C, W, H] → [8, 6, 2]
    const view = patchView(image, 2);
    expect(view.shape).toEqual([4, 3, 2, 2, 2]);
    for (const [gy, gx, y, x, c] of [
      [0, 0, 0, 0, 0],
      [3, 2, 1, 1, 1],
      [2, 1, 0, 1, 1],
    ] as const) {
      expect(view.get(gy, gx, y, x, c)).toBe(image.get(gy * 2 + y, gx * 2 + x, c));
    }
  });
});

describe('patchify', () => {
  test('flattens each patch row by row, channels innermost', () => {
    // One channel, 4 × 4, patches of 2: the corners 0, 2, 8, 10.
    const rows = patchify(counting(4, 4, 1), 2);
    expect([...rows]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
    const two = patchify(counting(2, 4, 2), 2);
    expect([...two]).toEqual([0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15]);
  });

  test('gathers a strided image as its contiguous copy', () => {
    const planes = counting(3, 10, 15); // [C, H, W]
    const strided = planes.transpose(1, 2, 0);
    const contiguous = counting(10, 15, 3);
    for (let y = 0; y < 10; y++) {
      for (let x = 0; x < 15; x++) for (let c = 0; c < 3; c++) contiguous.set(y, x, c, planes.get(c, y, x));
    }
    expect(patchify(strided, 5)).toEqual(patchify(contiguous, 5));
    const mirrored = contiguous.step(1, -1, 1);
    expect(patchify(mirrored, 5)[0]).toBe(contiguous.get(0, 14, 0));
  });

  test('writes into its place of a batch', () => {
    const out = new Float32Array(3 * 16).fill(-1);
    expect(patchify(counting(4, 4, 1), 2, out, 16)).toBe(out);
    expect([...out.subarray(14, 20)]).toEqual([-1, -1, 0, 1, 4, 5]);
    expect(out.subarray(32).every((value) => value === -1)).toBe(true);
  });

  test('and a linear layer are a convolution with stride and kernel P', () => {
    const [P, C, D] = [5, 3, 7];
    const image = counting(10, 15, C);
    image.data.forEach((value, i) => (image.data[i] = ((value * 31) % 17) - 8));
    // Whole numbers, so that both sums are exact in whatever order.
    const kernel = ndarray(
      Float32Array.from({ length: P * P * C * D }, (_, i) => ((i * 13) % 11) - 5),
      [P, P, C, D],
    );
    const rows = patchify(image, P);
    for (let patch = 0; patch < 6; patch++) {
      const [gy, gx] = [Math.floor(patch / 3), patch % 3];
      for (let d = 0; d < D; d++) {
        let embedded = 0;
        for (let i = 0; i < P * P * C; i++) embedded += rows[patch * P * P * C + i]! * kernel.data[i * D + d]!;
        expect(embedded).toBe(convolved(image, kernel, gy * P, gx * P, d));
      }
    }
  });

  test.each([
    [[10, 16, 3], 5],
    [[9, 15, 3], 5],
    [[10, 15], 5],
    [[10, 15, 3], 2.5],
    [[0, 15, 3], 5],
  ])('refuses %j with patches of %d', (shape, patchSize) => {
    expect(() => patchify(counting(...shape), patchSize)).toThrow(ShapeError);
    expect(() => patchView(counting(...shape), patchSize)).toThrow(ShapeError);
  });

  test('refuses an output without room', () => {
    const image = counting(4, 4, 1);
    expect(() => patchify(image, 2, new Float32Array(15))).toThrow(ShapeError);
    expect(() => patchify(image, 2, new Float32Array(16), 1)).toThrow(ShapeError);
  });
});

/** One output of a convolution whose window has its corner at (top, left). */
function convolved(
  image: NdArray<Float32Array>,
  kernel: NdArray<Float32Array>,
  top: number,
  left: number,
  d: number,
): number {
  const [kernelHeight = 0, kernelWidth = 0, channels = 0] = kernel.shape;
  let sum = 0;
  for (let y = 0; y < kernelHeight; y++) {
    for (let x = 0; x < kernelWidth; x++) {
      for (let c = 0; c < channels; c++) sum += image.get(top + y, left + x, c) * kernel.get(y, x, c, d);
    }
  }
  return sum;
}
