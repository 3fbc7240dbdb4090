import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { WeightsError } from '../../src/errors.ts';
import { bytesInMemory } from '../../src/weights/byte-source.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import type { TensorToWrite } from '../../src/weights/torch-tensor.ts';
import { writeSafetensors } from '../../src/weights/write-safetensors.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-write-'));
  path = join(folder, 'model.safetensors');
});
afterEach(() => rm(folder, { recursive: true }));

function tensor(name: string, shape: readonly number[], ...values: number[]): TensorToWrite {
  return { name, shape, values: () => Float32Array.from(values) };
}

const TENSORS = [tensor('b', [3], 1, -2, 0.5), tensor('a.weight', [2, 1], 3, 4), tensor('scalar', [], 7)];

test('what is written is read back, in float32 bit by bit', async () => {
  await writeSafetensors(path, TENSORS);
  const arrays = await readSafetensors(bytesInMemory(readFileSync(path)), path);
  for (const { name, shape, values } of TENSORS) expect(arrays.get(name)).toEqual({ shape, data: values() });
  expect(arrays.size).toBe(TENSORS.length);
});

test('tensors lie in the order of their names, from a multiple of 8 bytes on, in a file that says it is torch’s', async () => {
  await writeSafetensors(path, TENSORS, { dtype: 'float16' });
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  expect(length % 8).toBe(0);
  const header: unknown = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  expect(header).toEqual({
    __metadata__: { format: 'pt' },
    'a.weight': { dtype: 'F16', shape: [2, 1], data_offsets: [0, 4] },
    b: { dtype: 'F16', shape: [3], data_offsets: [4, 10] },
    scalar: { dtype: 'F16', shape: [], data_offsets: [10, 12] },
  });
  expect(bytes.readUInt16LE(8 + length)).toBe(0x4200); // 3
});

test('one tensor is made at a time, and when its turn comes', async () => {
  const made: string[] = [];
  const noted = TENSORS.map(({ name, shape, values }) => ({
    name,
    shape,
    values: () => {
      made.push(name);
      return values();
    },
  }));
  await writeSafetensors(path, noted);
  expect(made).toEqual(['a.weight', 'b', 'scalar']);
});

test('a value beyond float16 is refused by the name of its tensor, infinities are kept', async () => {
  const writing = writeSafetensors(path, [...TENSORS, tensor('head.bias', [2], 1, -70000)], { dtype: 'float16' });
  await expect(writing).rejects.toThrow(WeightsError);
  await expect(writing).rejects.toThrow('head.bias: expected values within ±65504, the range of float16, got -70000');
  expect(readdirSync(folder)).toEqual([]);
  await writeSafetensors(path, [tensor('mask', [2], -Infinity, 1)], { dtype: 'float16' });
  const arrays = await readSafetensors(bytesInMemory(readFileSync(path)), path);
  expect(arrays.get('mask')?.data).toEqual(Float32Array.of(-Infinity, 1));
});

test('a file that was there is whole until the new one is', async () => {
  writeFileSync(path, 'old');
  const controller = new AbortController();
  const stopping: TensorToWrite = {
    name: 'a',
    shape: [1],
    values: () => {
      expect(readFileSync(path, 'utf8')).toBe('old');
      controller.abort(new Error('stopped'));
      return Float32Array.of(1);
    },
  };
  const writing = writeSafetensors(path, [stopping, tensor('b', [1], 2)], { signal: controller.signal });
  await expect(writing).rejects.toThrow('stopped');
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(['model.safetensors']);
});

test('values that do not make the shape are refused', async () => {
  await expect(writeSafetensors(path, [tensor('a', [2], 1)])).rejects.toThrow('a: expected 2 values for [2], got 1');
});
