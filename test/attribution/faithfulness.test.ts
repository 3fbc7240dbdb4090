import { expect, test } from 'vitest';

import { randomAreas, verdictOn } from '../../src/attribution/faithfulness.ts';

const ORDERS = Array.from({ length: 41 }, (_, i) => 0.3 + i / 100);

test('random areas are told by their mean and by what 95 in 100 of them lie between', () => {
  const { mean, low, high } = randomAreas(ORDERS.toReversed());
  expect(mean).toBeCloseTo(0.5, 12);
  // Of 41 areas in steps of 0.01: one step from either end.
  expect(low).toBeCloseTo(0.31, 12);
  expect(high).toBeCloseTo(0.69, 12);
});

test('deletion is better with less area, insertion with more, and no map beats chance by lying within it', () => {
  const random = randomAreas(ORDERS);
  // A map counts as one more order: none of 41 does as well, all do, those from 0.5 on do.
  expect(verdictOn('deletion', 0.2, random)).toEqual({ p: 1 / 42, beatsRandom: true });
  expect(verdictOn('insertion', 0.2, random)).toEqual({ p: 1, beatsRandom: false });
  expect(verdictOn('insertion', 0.8, random)).toEqual({ p: 1 / 42, beatsRandom: true });
  expect(verdictOn('deletion', 0.4951, random)).toEqual({ p: 21 / 42, beatsRandom: false });
});
