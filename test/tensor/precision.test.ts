import { expect, test } from 'vitest';

import { currentPrecision, inPrecision } from '../../src/tensor/precision.ts';

test('a precision holds inside its call and the one before it comes back, thrown out of too', () => {
  expect(currentPrecision()).toBe('f32');
  const inner = inPrecision('bf16', () => [inPrecision('bf16x3', currentPrecision), currentPrecision()]);
  expect(inner).toEqual(['bf16x3', 'bf16']);
  expect(() =>
    inPrecision('bf16', () => {
      throw new Error('stop');
    }),
  ).toThrow('stop');
  expect(currentPrecision()).toBe('f32');
});
