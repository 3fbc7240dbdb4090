import { expect, expectTypeOf, test } from 'vitest';

import { ShapeError } from '../../src/errors.ts';
import { dims } from '../../src/tensor/dims.ts';

test('names the axes of a shape', () => {
  const sizes = dims('x', { shape: [2, 197, 192] }, 'B N D', { D: 192 });
  expect(sizes).toEqual({ B: 2, N: 197, D: 192 });
  expectTypeOf(sizes).toEqualTypeOf<{ readonly B: number; readonly N: number; readonly D: number }>();
});

test('a known axis of another size, a wrong rank and two sizes for one name are errors that show both sides', () => {
  const message = (shape: number[], spec: string, known = {}): string => {
    try {
      dims('attention query', { shape }, spec, known);
    } catch (error) {
      expect(error).toBeInstanceOf(ShapeError);
      return error instanceof Error ? error.message : '';
    }
    return 'no error';
  };
  expect(message([1, 197, 384], 'B N D', { D: 192 })).toBe(
    'attention query: expected [B, N, D=192], got [1, 197, 384]',
  );
  expect(message([5], 'B N')).toBe('attention query: expected [B, N], got [5]');
  expect(message([3, 4], 'N N')).toBe('attention query: expected [N, N], got [3, 4]');
});
