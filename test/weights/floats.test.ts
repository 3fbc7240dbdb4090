import { assert, double, integer, oneof, property } from 'fast-check';
import { expect, test } from 'vitest';

import { encodeHalves, halfToFloat } from '../../src/weights/floats.ts';

const MIN_EXPONENT = -14;
const FRACTION_BITS = 10;

/** IEEE 754 rounding to binary16 in doubles, where every step is exact: count steps of the value's binade, ties to even. */
function nearestHalf(x: number): number {
  if (!Number.isFinite(x) || x === 0) return x;
  let exponent = MIN_EXPONENT;
  while (Math.abs(x) >= 2 ** (exponent + 1)) exponent += 1;
  const step = 2 ** (exponent - FRACTION_BITS);
  const steps = Math.abs(x) / step;
  const below = Math.floor(steps);
  const rest = steps - below;
  const rounded = (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below) * step;
  return Math.sign(x) * (rounded > 65504 ? Infinity : rounded);
}

function throughHalf(x: number): number {
  return halfToFloat(encodeHalves(Float32Array.of(x))[0]!);
}

test('any float32 becomes the nearest half, ties to even', () => {
  const anyFloat32 = integer({ min: 0, max: 2 ** 32 - 1 }).map(
    (bits) => new Float32Array(Uint32Array.of(bits).buffer)[0]!,
  );
  // Uniform bits are mostly out of range: weights are not.
  const weight = double({ min: -4, max: 4, noNaN: true }).map(Math.fround);
  const tiny = double({ min: -(2 ** -13), max: 2 ** -13, noNaN: true }).map(Math.fround);
  assert(
    property(oneof(anyFloat32, weight, tiny), (x) => {
      expect(throughHalf(x)).toBe(nearestHalf(x));
    }),
    { numRuns: 20_000, seed: 5 },
  );
});

test('every half comes back as it was', () => {
  const halves = Uint16Array.from({ length: 2 ** 16 }, (_, half) => half);
  const isNaNHalf = (half: number): boolean => (half & 0x7fff) > 0x7c00;
  const again = encodeHalves(Float32Array.from(halves, halfToFloat));
  expect(again.filter((half, i) => half !== halves[i] && !isNaNHalf(i))).toEqual(new Uint16Array());
  expect(again.filter(isNaNHalf)).toHaveLength(2 * 1023);
});

test.each([
  [65504, 65504],
  [65519.99, 65504], // below the middle of 65504 and the 65536 that there is not
  [65520, Infinity],
  [2 ** -24, 2 ** -24], // the smallest
  [2 ** -25, 0], // its half, which goes to the even zero
  [1.0001 * 2 ** -25, 2 ** -24],
  [2 ** -14 - 2 ** -26, 2 ** -14], // the largest subnormal rounds up to the smallest normal
  [1 + 2 ** -11, 1],
  [1 + 3 * 2 ** -11, 1 + 2 ** -9],
  [-0, -0],
  [1e-45, 0],
])('%d becomes %d', (x, half) => {
  expect(throughHalf(Math.fround(x))).toBe(half);
});
