import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WeightsError } from '../../src/errors.ts';
import { readNpz } from '../../src/weights/npz.ts';
import { float32Bytes, writeNpy, writeZip } from '../support/write-npz.ts';
import type { NpyOptions, ZipEntry } from '../support/write-npz.ts';

const SIX = float32Bytes([1, 2, 3, 4, 5, 6]);

/** An archive of one array named `a`. */
function single(
  shape: readonly number[],
  values: Uint8Array,
  options: NpyOptions & Partial<ZipEntry> = {},
): Uint8Array {
  return writeZip([{ name: 'a.npy', bytes: writeNpy(shape, values, options), ...options }]);
}

describe('reads what NumPy writes', () => {
  const matrix = new Map([['a', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }]]);

  test.each([
    ['stored', {}],
    ['deflated', { deflate: true }],
    ['zip64', { zip64: true }],
    ['zip64, deflated', { zip64: true, deflate: true }],
    ['.npy version 2', { version: 2 }],
    ['.npy version 3', { version: 3 }],
    ['fields in another order', { header: "{'shape':(2,3), 'fortran_order':False,'descr':'<f4'}" }],
  ] as const)('%s', async (_, options) => {
    expect(await readNpz(single([2, 3], SIX, options), 'x')).toEqual(matrix);
  });

  test('scalars, empty arrays and names with slashes', async () => {
    const file = writeZip([
      { name: 'params/scalar.npy', bytes: writeNpy([], float32Bytes([7])) },
      { name: 'empty.npy', bytes: writeNpy([0, 5], new Uint8Array()), deflate: true },
    ]);
    expect(await readNpz(file, 'x')).toEqual(
      new Map([
        ['params/scalar', { shape: [], data: Float32Array.of(7) }],
        ['empty', { shape: [0, 5], data: new Float32Array() }],
      ]),
    );
  });

  test('half precision and both spellings of bfloat16 are widened, doubles narrowed, integers left out', async () => {
    const array = (name: string, descr: string, bytes: Uint8Array): ZipEntry => {
      return { name: `${name}.npy`, bytes: writeNpy([1], bytes, { descr }) };
    };
    const bytes = [
      array('f2', '<f2', Uint8Array.of(0x00, 0xc1)),
      array('V2', '|V2', Uint8Array.of(0xc0, 0x3f)),
      array('<V2', '<V2', Uint8Array.of(0xc0, 0x3f)),
      array('f8', '<f8', new Uint8Array(Float64Array.of(0.1).buffer)),
      array('i4', '<i4', new Uint8Array(4)),
      array('b1', '|b1', new Uint8Array(1)),
    ];
    const arrays = await readNpz(writeZip(bytes), 'x');
    expect([...arrays].map(([name, { data }]) => [name, data[0]])).toEqual([
      ['f2', -2.5],
      ['V2', 1.5],
      ['<V2', 1.5],
      ['f8', Math.fround(0.1)],
    ]);
  });

  test('column-major values are put in row-major order', async () => {
    // numpy.asfortranarray(arange(24).reshape(2, 3, 4)) lies in memory in this order.
    const columns = Array.from(
      { length: 24 },
      (_, i) => (i % 2) * 12 + (Math.floor(i / 2) % 3) * 4 + Math.floor(i / 6),
    );
    const file = single([2, 3, 4], float32Bytes(columns), { fortranOrder: true });
    expect((await readNpz(file, 'x')).get('a')!.data).toEqual(Float32Array.from({ length: 24 }, (_, i) => i));
  });

  test('a file on disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'patchlens-'));
    const path = join(folder, 'a.npz');
    await writeFile(path, single([2, 3], SIX, { deflate: true }));
    expect(await readNpz(path, path)).toEqual(matrix);
    await expect(readNpz(join(folder, 'b.npz'), 'b')).rejects.toHaveProperty('code', 'ENOENT');
    await rm(folder, { recursive: true });
  });

  test('whatever the names, shapes and values', async () => {
    const array = fc.array(fc.nat(4), { maxLength: 4 }).chain((shape) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return fc.record({
        shape: fc.constant(shape),
        data: fc.float32Array({ minLength: length, maxLength: length }),
        deflate: fc.boolean(),
        zip64: fc.boolean(),
      });
    });
    const name = fc.stringMatching(/^[A-Za-z0-9_]{1,8}(\/[A-Za-z0-9_]{1,8}){0,3}$/);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, array, { maxKeys: 5, noNullPrototype: true }), async (arrays) => {
        const entries = Object.entries(arrays);
        const file = entries.map(([key, { shape, data, ...how }]) => {
          return { name: `${key}.npy`, bytes: writeNpy(shape, new Uint8Array(data.slice().buffer)), ...how };
        });
        const expected = new Map(entries.map(([key, { shape, data }]) => [key, { shape, data }]));
        expect(await readNpz(writeZip(file), 'x')).toEqual(expected);
      }),
    );
  });
});

describe('an archive that does not describe its own bytes is refused', () => {
  const npy = writeNpy([2, 3], SIX);
  const a: ZipEntry = { name: 'a.npy', bytes: npy };
  const zip = (options: Partial<ZipEntry>): Uint8Array => writeZip([{ ...a, ...options }]);
  const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
    bytes.map((byte, i) => (i === at ? byte ^ 0xff : byte));
  const header = (text: string): Uint8Array => single([2, 3], SIX, { header: text });
  const zeros = writeNpy([2500], new Uint8Array(10_000));
  const cases: Readonly<Record<string, [bytes: Uint8Array, message: RegExp]>> = {
    'an empty file': [new Uint8Array(), /expected a whole \.npz archive/],
    'no archive': [Buffer.from('a text that is longer than the end of an archive'), /expected a whole \.npz archive/],
    'an archive cut short': [writeZip([a]).subarray(0, -1), /expected a whole \.npz archive/],
    'an archive without its head': [writeZip([a]).subarray(50), /expected a whole \.npz archive/],
    'a checksum of other bytes': [zip({ lies: { crc: 7 } }), /a: expected CRC-32 7, got/],
    'damaged deflate': [flipped(zip({ deflate: true }), 35), /expected a whole \.npz archive/],
    'a size beyond the stored bytes': [zip({ lies: { size: 9999 } }), /mismatch for stored file/],
    'a size beyond the file': [zip({ lies: { size: 9999, compressedSize: 9999 } }), /expected/],
    'a size that deflate cannot reach': [zip({ deflate: true, lies: { size: 2 ** 31 } }), /a\.npy: expected at most/],
    'a size above every array': [zip({ zip64: true, lies: { size: 2 ** 40 } }), /expected/],
    'more bytes than declared': [
      zip({ bytes: Buffer.concat([npy, zeros]), deflate: true, lies: { size: npy.length } }),
      /too many bytes/,
    ],
    'fewer bytes than declared': [
      zip({ bytes: zeros.subarray(0, 9000), deflate: true, lies: { size: 10_128 } }),
      /not enough bytes/,
    ],
    'entries on the same bytes': [
      writeZip([
        { name: 'a.npy', bytes: zeros },
        { name: 'b.npy', bytes: zeros, lies: { at: 0 } },
        { name: 'c.npy', bytes: new Uint8Array(), lies: { at: 0, size: 10_128, compressedSize: 10_128 } },
      ]),
      /expected 30384 bytes of arrays/,
    ],
    'more bytes in all than a model has': [
      writeZip(
        ['a', 'b', 'c'].map((name) => {
          const lies = { size: 2 ** 32 - 1, compressedSize: 5_000_000 };
          return { name: `${name}.npy`, bytes: npy, deflate: true, lies };
        }),
      ),
      /expected at most 8589934592 bytes of arrays, got 12884901885/,
    ],
    'a name twice': [writeZip([a, a]), /expected each array once, got a twice/],
    'a name above the folder': [zip({ name: '../a.npy' }), /expected a whole \.npz archive: invalid relative path/],
    'an absolute name': [zip({ name: '/a.npy' }), /expected a whole \.npz archive: absolute path/],
    'a file that is no array': [writeZip([a, { ...a, name: 'a.txt' }]), /expected \.npy arrays only, got "a\.txt"/],
    'more entries than a model has': [
      writeZip(Array.from({ length: 10_001 }, (_, i) => ({ name: `${i}`, bytes: new Uint8Array() }))),
      /expected at most 10000 arrays, got 10001/,
    ],
    'no NumPy magic': [zip({ bytes: Buffer.from('not an array at all') }), /a: expected a NumPy array/],
    'an array cut in its header': [zip({ bytes: npy.subarray(0, 40) }), /a: expected \d+ bytes more/],
    'a version from the future': [
      zip({ bytes: Uint8Array.from(npy, (byte, i) => (i === 6 ? 4 : byte)) }),
      /version 1 to 3, got 4/,
    ],
    'a header without end': [
      zip({ bytes: Uint8Array.from(writeNpy([2, 3], SIX, { version: 2 }), (byte, i) => (i === 11 ? 255 : byte)) }),
      /header of at most/,
    ],
    'a shape that is not its bytes': [single([2, 4], SIX), /expected <f4 \[2, 4\] in 32 bytes, got 24/],
    'a product past every file': [
      header(`{'descr': '<f4', 'fortran_order': False, 'shape': (${'9'.repeat(15)}, ${'9'.repeat(15)})}`),
      /got 24/,
    ],
    'a size of 33 digits': [
      header(`{'descr': '<f4', 'fortran_order': False, 'shape': (${'9'.repeat(33)},)}`),
      /NumPy header/,
    ],
    'a negative size': [header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}"), /NumPy header/],
    'a number for a shape': [header("{'descr': '<f4', 'fortran_order': False, 'shape': (6)}"), /NumPy header/],
    'a field twice': [header("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'shape': (6,)}"), /NumPy header/],
    'a field too few': [header("{'descr': '<f4', 'shape': (6,)}"), /NumPy header/],
    'a field too many': [header("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'x': (6,)}"), /NumPy header/],
    'code for a field': [header("{'descr': '<f4', 'fortran_order': exit(), 'shape': (6,)}"), /NumPy header/],
    'text after the header': [header("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} or 1"), /NumPy header/],
    'a record type': [header("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (6,)}"), /NumPy header/],
    'big-endian floats': [single([2, 3], SIX, { descr: '>f4' }), /expected values of <f8, .*, got ">f4"/],
    'Python objects': [single([2, 3], SIX, { descr: '|O' }), /expected values of <f8, .*, got "\|O"/],
  };
  test.each(Object.entries(cases))('%s', async (_, [bytes, message]) => {
    const error: unknown = await readNpz(bytes, 'x.npz').catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error).toHaveProperty('message', expect.stringMatching(message));
    expect(error).toHaveProperty('message', expect.stringMatching(/^x\.npz: /));
  });
});
