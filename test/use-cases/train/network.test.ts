import { expect, test } from 'vitest';

import { resNetConfigOf } from '../../../src/use-cases/train/network.ts';

const STAGES = { kind: 'resnet', depths: [2, 1], widths: [23, 29] } as const;

test.each([[[]], [[2]], [[1, 2, 2]], [[0, 2]], [[1, 1.5]], [[1, 8]]])(
  'strides %j of two stages are refused',
  (strides) => {
    expect(() => resNetConfigOf({ ...STAGES, strides }, 5)).toThrow('an integer from 1 to 4 for each of 2 stages');
  },
);

test('strides are those asked for, or the usual ones', () => {
  const stridesOf = (strides?: readonly number[]) =>
    resNetConfigOf({ ...STAGES, strides }, 5).stages.map(({ stride }) => stride);
  expect(stridesOf([2, 1])).toEqual([2, 1]);
  expect(stridesOf()).toEqual([1, 2]);
});
