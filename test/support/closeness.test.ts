import { expect, test } from 'vitest';

import { closeness } from './closeness.ts';

test('values within the tolerance are close, one beyond it is named', () => {
  expect(closeness([1, 2.0001], [1, 2], { atol: 1e-3 }).pass).toBe(true);
  const { pass, message } = closeness([1, 2, 3.5], [1, 2, 3], { atol: 0.1, rtol: 0.1 });
  expect(pass).toBe(false);
  expect(message).toContain('1 of 3 values');
  expect(message).toContain('worst at 2: expected 3, got 3.5');
});

test('NaN and infinity are close to themselves only', () => {
  expect(closeness([NaN, Infinity], [NaN, Infinity], { atol: 0 }).pass).toBe(true);
  expect(closeness([NaN], [0], { atol: 1 }).pass).toBe(false);
  expect(closeness([0], [NaN], { atol: 1, rtol: 1 }).pass).toBe(false);
  expect(closeness([-Infinity], [Infinity], { atol: 1 }).pass).toBe(false);
});

test('lists of different length are not close', () => {
  expect(closeness([1], [1, 2], { atol: 1 }).message).toBe('expected 2 values, got 1');
});
