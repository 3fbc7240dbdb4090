import { describe, expect, test } from 'vitest';

import { WeightsError } from '../../src/errors.ts';
import type { NamedArray } from '../../src/weights/arrays.ts';
import { bytesInMemory } from '../../src/weights/byte-source.ts';
import { halfToFloat } from '../../src/weights/floats.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { withHeader, writeSafetensors } from '../support/write-safetensors.ts';

const ARRAYS = new Map([
  ['a', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ['b', { shape: [], data: Float32Array.of(7) }],
  ['empty', { shape: [0, 5], data: new Float32Array() }],
]);

function read(bytes: Uint8Array, where = 'x'): Promise<Map<string, NamedArray>> {
  return readSafetensors(bytesInMemory(bytes), where);
}

test('reads what was written: matrices, scalars, empty tensors', async () => {
  expect(await read(writeSafetensors(ARRAYS))).toEqual(ARRAYS);
});

test('a Buffer that is a window on a larger one is read alone', async () => {
  const file = writeSafetensors(ARRAYS);
  const window = Buffer.concat([Buffer.from([1, 2, 3]), file, Buffer.from([4])]).subarray(3, 3 + file.length);
  expect((await read(window)).get('a')).toEqual(ARRAYS.get('a'));
});

test('half and bfloat16 are widened, doubles narrowed, integers left out', async () => {
  const body = Buffer.alloc(2 + 2 + 8 + 4);
  body.writeUInt16LE(0xc100, 0); // −2.5 in binary16
  body.writeUInt16LE(0x3fc0, 2); // 1.5 in bfloat16
  body.writeDoubleLE(0.1, 4);
  const entry = (dtype: string, start: number, end: number): object => ({
    dtype,
    shape: [1],
    data_offsets: [start, end],
  });
  const header = { h: entry('F16', 0, 2), b: entry('BF16', 2, 4), d: entry('F64', 4, 12), i: entry('I32', 12, 16) };
  const arrays = await read(withHeader(JSON.stringify(header), [body]));
  expect([...arrays].map(([name, { data }]) => [name, data[0]])).toEqual([
    ['h', -2.5],
    ['b', 1.5],
    ['d', Math.fround(0.1)],
  ]);
});

test('binary16 at its ends', () => {
  expect([0x0000, 0x8000, 0x0001, 0x03ff, 0x7bff, 0x7c00, 0xfc00].map(halfToFloat)).toEqual([
    0,
    -0,
    2 ** -24,
    (1023 / 1024) * 2 ** -14,
    65504,
    Infinity,
    -Infinity,
  ]);
  expect(halfToFloat(0x7e00)).toBeNaN();
});

describe('a file that does not describe its own bytes is refused', () => {
  const F32 = (shape: unknown, offsets: unknown): object => ({ dtype: 'F32', shape, data_offsets: offsets });
  const eight = [new Uint8Array(8)];
  const file = (header: object): Uint8Array => withHeader(JSON.stringify(header), eight);
  const huge = new Uint8Array(16).fill(0xff);
  const cases: Readonly<Record<string, [bytes: Uint8Array, message: RegExp]>> = {
    'an empty file': [new Uint8Array(), /expected a safetensors file, got 0 bytes/],
    'a length beyond the end': [huge, /expected a safetensors header within the file's 8 bytes/],
    'no JSON': [withHeader('nonsense'), /expected JSON/],
    'a list for a header': [withHeader('[1]'), /expected a JSON object/],
    'an entry of another form': [file({ a: 7 }), /a: expected \{dtype, shape, data_offsets\}/],
    'a negative size': [file({ a: F32([-2], [0, 8]) }), /a: expected/],
    'a fractional offset': [file({ a: F32([2], [0.5, 8.5]) }), /a: expected/],
    'a size of 2⁵³': [file({ a: F32([2 ** 53], [0, 8]) }), /a: expected/],
    'a product past every file': [file({ a: F32([2 ** 40, 2 ** 40], [0, 8]) }), /a: expected F32/],
    'a shape that is not its bytes': [file({ a: F32([3], [0, 8]) }), /a: expected F32 \[3\] in 12 bytes/],
    'a tensor past the end': [file({ a: F32([4], [0, 16]) }), /got bytes 0 to 16 of 8/],
    'tensors that overlap': [file({ a: F32([2], [0, 8]), b: F32([1], [4, 8]) }), /b: expected F32/],
    'a hole': [file({ a: F32([1], [4, 8]) }), /a: expected F32/],
    'bytes that belong to nothing': [file({ a: F32([1], [0, 4]) }), /expected 4 bytes of tensors, got 8/],
    'a name twice': [
      withHeader(`{"a":${JSON.stringify(F32([2], [0, 8]))},"\\u0061":${JSON.stringify(F32([2], [0, 8]))}}`, eight),
      /expected each tensor once, got a twice/,
    ],
    'a tensor above every array': [file({ a: F32([2 ** 31], [0, 2 ** 33]) }), /a: expected at most 4294967296 bytes/],
    'deep nesting': [withHeader('['.repeat(1000)), /expected a safetensors header nested at most 8 deep, got 1000/],
    'a header larger than any model needs': [
      withHeader(' '.repeat(2 ** 25 + 8)),
      /expected a safetensors header of at most 33554432 bytes/,
    ],
    'an unknown type': [file({ a: { ...F32([2], [0, 8]), dtype: 'F31' } }), /expected a known dtype, got F31/],
  };
  test.each(Object.entries(cases))('%s', async (_, [bytes, message]) => {
    const error: unknown = await read(bytes, 'x.safetensors').catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error).toHaveProperty('message', expect.stringMatching(message));
    expect(error).toHaveProperty('message', expect.stringMatching(/^x\.safetensors: /));
  });
});
