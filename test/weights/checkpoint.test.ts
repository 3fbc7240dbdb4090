import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { ConfigError, ModelNotFoundError, WeightsError } from '../../src/errors.ts';
import { readCheckpoint } from '../../src/weights/checkpoint.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';
import { float32Bytes, writeNpy, writeZip } from '../support/write-npz.ts';
import { withHeader, writeSafetensors } from '../support/write-safetensors.ts';

const array = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, bytes: Uint8Array | string): Promise<void> => writeFile(join(folder, name), bytes);

describe('finds the weights of a folder', () => {
  const npz = (value: number) => writeZip([{ name: 'a.npy', bytes: writeNpy([1], float32Bytes([value])) }]);

  test('one file, with both configurations beside it', async () => {
    await write('model.safetensors', writeSafetensors(new Map([['a', array(1, 2)]])));
    await write('other.npz', npz(7));
    await write('config.json', '{"x": 1}');
    await write('preprocessor_config.json', '{"y": 2}');
    const expected = { config: { x: 1 }, preprocessor: { y: 2 }, arrays: new Map([['a', array(1, 2)]]) };
    expect(await readCheckpoint(folder)).toEqual({ where: folder, ...expected });
    const path = join(folder, 'model.safetensors');
    expect(await readCheckpoint(path)).toEqual({ where: path, ...expected });
  });

  test('the only .npz, without configurations', async () => {
    await write('ViT-B_16.npz', npz(7));
    const expected = { config: undefined, preprocessor: undefined, arrays: new Map([['a', array(7)]]) };
    expect(await readCheckpoint(folder)).toEqual({ where: folder, ...expected });
    await write('ViT-L_16.npz', npz(8));
    await expect(readCheckpoint(folder)).rejects.toThrow('got 2 .npz files: name one of them');
    expect((await readCheckpoint(join(folder, 'ViT-L_16.npz'))).arrays.get('a')).toEqual(array(8));
  });

  test('nothing there', async () => {
    await expect(readCheckpoint(join(folder, 'nowhere'))).rejects.toThrow(ModelNotFoundError);
    await expect(readCheckpoint(folder)).rejects.toThrow(/expected model\.safetensors, .* got none of them\. Give the/);
  });

  test('weights that cannot be read', async () => {
    await mkdir(join(folder, 'model.safetensors'));
    await expect(readCheckpoint(folder)).rejects.toThrow(/expected a readable weights file, got EISDIR/);
  });

  test('pickles are refused with the way to convert them, alone or in a folder', async () => {
    await write('pytorch_model.bin', 'x');
    await expect(readCheckpoint(join(folder, 'pytorch_model.bin'))).rejects.toThrow(/safetensors\.torch\.save_file/);
    await expect(readCheckpoint(folder)).rejects.toThrow(/safetensors\.torch\.save_file/);
  });

  test('a configuration that is no JSON', async () => {
    await copyFile(join(GOLDEN_FOLDER, 'vit-tiny-random/model.safetensors'), join(folder, 'model.safetensors'));
    await write('config.json', '{');
    await expect(readCheckpoint(folder)).rejects.toThrow(ConfigError);
    await write('config.json', '{}'.padEnd(32 * 2 ** 20 + 1));
    await expect(readCheckpoint(folder)).rejects.toThrow('expected at most 33554432 bytes of JSON');
  });
});

describe('a sharded checkpoint', () => {
  const A = new Map([
    ['a1', array(1, 2)],
    ['a2', array(3)],
  ]);
  const B = new Map([['b', array(4, 5, 6)]]);
  const MAP = { a1: 'A.safetensors', a2: 'A.safetensors', b: 'B.safetensors' };
  const writeIndex = (weight_map: unknown, metadata?: object): Promise<void> => {
    return write('model.safetensors.index.json', JSON.stringify({ metadata, weight_map }));
  };
  beforeEach(async () => {
    await write('A.safetensors', writeSafetensors(A));
    await write('B.safetensors', writeSafetensors(B));
  });

  test('is read whole', async () => {
    await writeIndex(MAP, { total_size: 24 });
    const { arrays } = await readCheckpoint(folder);
    expect(arrays).toEqual(new Map([...A, ...B]));
    expect((await readCheckpoint(join(folder, 'model.safetensors.index.json'))).arrays).toEqual(arrays);
  });

  test('counts its integer tensors too', async () => {
    const header = { ids: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } };
    await write('B.safetensors', withHeader(JSON.stringify(header), [new Uint8Array(8)]));
    await writeIndex({ a1: 'A.safetensors', a2: 'A.safetensors', ids: 'B.safetensors' }, { total_size: 20 });
    expect((await readCheckpoint(folder)).arrays).toEqual(A);
  });

  test('may have its shards among the blobs of a Hugging Face cache', async () => {
    const snapshot = join(folder, 'snapshots/0123');
    await mkdir(snapshot, { recursive: true });
    await mkdir(join(folder, 'blobs'));
    await writeFile(join(folder, 'blobs/b10b'), writeSafetensors(B));
    await symlink('../../blobs/b10b', join(snapshot, 'B.safetensors'));
    await writeFile(join(snapshot, 'model.safetensors.index.json'), '{"weight_map": {"b": "B.safetensors"}}');
    expect((await readCheckpoint(snapshot)).arrays).toEqual(B);
  });

  test.each([
    [
      'shards that are missing are listed',
      { ...MAP, c: 'C.safetensors', d: 'D.safetensors' },
      'expected 4 shards beside it: missing C.safetensors, D.safetensors',
    ],
    [
      'a tensor that is not in its shard',
      { ...MAP, c: 'B.safetensors' },
      'B.safetensors: expected the tensors of the index: missing c',
    ],
    [
      'a tensor that the index does not name',
      { a1: 'A.safetensors', b: 'B.safetensors' },
      'A.safetensors: expected the tensors of the index: unexpected a2',
    ],
    [
      'a shard above the folder',
      { a: '../A.safetensors' },
      'expected the name of a .safetensors file beside it, got "../A.safetensors"',
    ],
    ['an absolute shard', { a: '/A.safetensors' }, 'expected the name of'],
    ['a shard on another drive', { a: 'C:A.safetensors' }, 'expected the name of'],
    ['a shard with a backslash', { a: '..\\A.safetensors' }, 'expected the name of'],
    ['a shard with a NUL', { a: 'A\0.safetensors' }, 'expected the name of'],
    ['a shard that is no safetensors', { a: 'A.bin' }, 'expected the name of'],
    ['an index without a map', undefined, 'expected {weight_map}'],
    ['a map of something else', { a: 7 }, 'expected {weight_map}'],
  ])('%s', async (_, weight_map, message) => {
    await writeIndex(weight_map);
    await expect(readCheckpoint(folder)).rejects.toThrow(WeightsError);
    await expect(readCheckpoint(folder)).rejects.toThrow(message);
  });

  test('whose index gives another size', async () => {
    await writeIndex(MAP, { total_size: 25 });
    await expect(readCheckpoint(folder)).rejects.toThrow('expected 25 bytes of tensors in all shards, got 24');
  });

  test('whose shard is a link out of the folder', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'patchlens-'));
    await writeFile(join(elsewhere, 'B.safetensors'), writeSafetensors(B));
    await rm(join(folder, 'B.safetensors'));
    await symlink(join(elsewhere, 'B.safetensors'), join(folder, 'B.safetensors'));
    await writeIndex(MAP);
    await expect(readCheckpoint(folder)).rejects.toThrow(/expected a file in .* got a link to/);
    await rm(elsewhere, { recursive: true });
  });
});
