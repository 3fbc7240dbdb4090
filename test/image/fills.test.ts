import { expect, test } from 'vitest';

import { withoutCells } from '../../src/image/fills.ts';

test('a removed cell is taken from the fill, pixel by pixel', () => {
  const image = { data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), height: 2, width: 4 };
  const fill = image.data.map((value) => -value);
  const out = new Float32Array(8);
  withoutCells(image, fill, Uint8Array.of(0, 1), { Gh: 1, Gw: 2 }, out);
  expect([...out]).toEqual([1, 2, -3, -4, 5, 6, -7, -8]);
});
