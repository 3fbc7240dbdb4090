import { stat } from 'node:fs/promises';

import { WeightsError } from '../../errors.ts';
import { sizeOf } from '../arrays.ts';
import { withFile } from '../byte-source.ts';
import { locateShards } from '../sharded.ts';
import type { TfjsFile, WeightGroup, WeightSpec } from './model-json.ts';

/** The weights of a TensorFlow.js model: what they are, and their bytes in the same order. */
export interface TfjsWeights {
  readonly specs: readonly WeightSpec[];
  readonly bytes: ArrayBuffer;
  /** Values in all weights together. */
  readonly numValues: number;
}

/** All weights together lie in one array. */
const MAX_BYTES = 2 ** 32;

/**
 * Reads the weights of a TensorFlow.js model. No memory is asked for before the files have been found to hold exactly as
 * many bytes as `model.json` speaks of.
 *
 * @throws WeightsError when files are missing, lie elsewhere or have another size.
 */
export async function readTfjsWeights(path: string, { groups }: TfjsFile): Promise<TfjsWeights> {
  const specs = groups.flatMap(({ weights }) => weights);
  const twice = specs.find(({ name }, i) => specs.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) throw new WeightsError(`${path}: expected each weight once, got ${twice.name} twice`);
  const files = groups.flatMap((group) => group.files);
  const again = files.find((file, i) => files.indexOf(file) !== i);
  if (again !== undefined) throw new WeightsError(`${path}: expected each file of weights once, got ${again} twice`);
  const paths = await locateShards(path, files);
  const sizes = await Promise.all(groups.map((group) => checkedSize(path, group, paths)));
  const size = sizes.reduce((sum, bytes) => sum + bytes, 0);
  if (size > MAX_BYTES) throw new WeightsError(`${path}: expected at most ${MAX_BYTES} bytes of weights, got ${size}`);
  const bytes = new Uint8Array(size);
  let position = 0;
  for (const file of files) {
    const part = await withFile(paths.get(file)!, (source) => source.read(0, source.size));
    if (position + part.byteLength > bytes.length) throw new WeightsError(`${path}: ${file} grew while it was read`);
    bytes.set(new Uint8Array(part), position);
    position += part.byteLength;
  }
  return { specs, bytes: bytes.buffer, numValues: specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0) };
}

/** Bytes of a group, by its weights and by its files. */
async function checkedSize(
  path: string,
  { files, weights }: WeightGroup,
  paths: ReadonlyMap<string, string>,
): Promise<number> {
  const sizes = await Promise.all(files.map((file) => stat(paths.get(file)!)));
  const got = sizes.reduce((sum, { size }) => sum + size, 0);
  const expected = weights.reduce((sum, { shape, dtype, quantization }) => {
    return sum + sizeOf(shape) * BYTES[quantization?.dtype ?? dtype];
  }, 0);
  if (got === expected) return got;
  throw new WeightsError(`${path}: expected ${expected} bytes of weights in ${files.join(', ')}, got ${got}`);
}

const BYTES = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 } as const;
