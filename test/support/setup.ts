import { engine } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect } from 'vitest';

import { closeness } from './closeness.ts';
import type { Tolerance } from './closeness.ts';

let tensorsBefore = 0;

beforeEach(() => {
  tensorsBefore = engine().state.numTensors;
});

afterEach(() => {
  expect(engine().state.numTensors - tensorsBefore, 'tensors leaked by this test').toBe(0);
});

expect.extend({
  toBeCloseToArray(received: ArrayLike<number>, expected: ArrayLike<number>, tolerance: Tolerance) {
    const { pass, message } = closeness(received, expected, tolerance);
    return { pass, message: () => message };
  },
});

declare module 'vitest' {
  // The type parameter is vitest's; a merged interface must repeat it.
  // oxlint-disable-next-line no-unused-vars
  interface Matchers<T> {
    /** |received − expected| ≤ atol + rtol·|expected|, element by element; NaN equals NaN. */
    toBeCloseToArray(expected: ArrayLike<number>, tolerance: Tolerance): void;
  }
}
