import { assert, jsonValue, property } from 'fast-check';
import { expect, test } from 'vitest';

import { outlineOf } from '../../src/weights/json-text.ts';

test('counts brackets outside strings and names members, one as often as it is there', () => {
  expect(outlineOf('{"a": [[1], {"b": 2}], "c\\"[": "d", "a" : 3}')).toEqual({ depth: 3, names: ['a', 'c"[', 'a'] });
  expect(outlineOf('["a", {"b": 1}]')).toEqual({ depth: 2, names: [] });
  expect(outlineOf('"open [')).toEqual({ depth: 0, names: [] });
});

test('sees what the parser sees', () => {
  assert(
    property(jsonValue(), (value) => {
      const text = JSON.stringify(value, undefined, 1);
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      expect(outlineOf(text)).toEqual({ depth: depthOf(value), names: isObject ? Object.keys(value) : [] });
    }),
  );
});

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
