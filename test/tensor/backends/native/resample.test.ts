import { expect, test } from 'vitest';

import { resample } from '../../../../src/image/resample.ts';
import type { Window } from '../../../../src/image/resample.ts';
import type { Resampler } from '../../../../src/tensor/backends/backend.ts';
import { INTERPOLATIONS } from '../../../../src/weights/preprocessing.ts';
import { noise } from '../../../image/fixtures.ts';
import { describeInstructionSets } from '../../../support/instruction-sets.ts';

describeInstructionSets('the resampler gives the bytes of the TypeScript one', (facts) => {
  const kernel: Resampler = (image, columns, rows) => facts().resample!(image, columns, rows);

  const sizes: readonly (readonly [input: readonly [number, number], output: readonly [number, number]])[] = [
    [
      [61, 47],
      [31, 29],
    ],
    [
      [61, 47],
      [113, 97],
    ],
    [
      [1, 1],
      [7, 5],
    ],
    [
      [7, 5],
      [1, 1],
    ],
    [
      [997, 3],
      [17, 3],
    ],
    [
      [3, 997],
      [3, 17],
    ],
    [
      [640, 427],
      [336, 224],
    ],
  ];

  test.each(INTERPOLATIONS)('%s', (filter) => {
    for (const [input, [width, height]] of sizes) {
      const image = noise(...input);
      const expected = resample(image, { width, height }, filter);
      const received = resample(image, { width, height }, filter, { kernel });
      expect(Buffer.compare(received.data, expected.data), `${input.join()} → ${width},${height}`).toBe(0);
    }
  });

  test.each(INTERPOLATIONS)('%s, a window of the result', (filter) => {
    const image = noise(211, 157);
    const window: Window = { top: 13, left: 29, height: 23, width: 19 };
    const size = { width: 97, height: 71 };
    const expected = resample(image, size, filter, { window });
    expect(resample(image, size, filter, { window, kernel })).toEqual(expected);
  });

  test('taps outside the image are refused, not read', () => {
    const image = noise(5, 7);
    const whole = { first: Int32Array.of(0), count: Int32Array.of(5), weights: new Int32Array(5), stride: 5 };
    const wrong = [
      { ...whole, first: Int32Array.of(1) },
      { ...whole, first: Int32Array.of(-1) },
      { ...whole, count: Int32Array.of(0) },
      { ...whole, weights: new Int32Array(4) },
      { ...whole, stride: 2 ** 32 },
    ];
    for (const taps of wrong) expect(() => kernel(image, taps, whole)).toThrow(RangeError);
    expect(() => kernel({ ...image, width: 6 }, whole, whole)).toThrow(RangeError);
  });
});
