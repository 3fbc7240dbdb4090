import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { WeightsError } from '../errors.ts';
import { sizeOf } from './arrays.ts';
import { encodeHalves } from './floats.ts';
import type { TensorToWrite } from './torch-tensor.ts';

/** What patchlens writes tensors as. */
export type WrittenDtype = 'float32' | 'float16';

const FORMAT_NAMES: Readonly<Record<WrittenDtype, string>> = { float32: 'F32', float16: 'F16' };
const BYTES_PER_VALUE: Readonly<Record<WrittenDtype, number>> = { float32: 4, float16: 2 };

export interface WriteOptions {
  /** Default `float32`. */
  readonly dtype?: WrittenDtype | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a safetensors file, one tensor after the other in the order of their names, so that only one at a time is in
 * memory. The file appears under its name when it is whole.
 *
 * @throws WeightsError for a value that float16 cannot hold; the signal's reason. Nothing is left behind then.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  { dtype = 'float32', signal }: WriteOptions = {},
): Promise<void> {
  const sorted = tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const partial = `${path}.partial`;
  const file = await open(partial, 'w');
  try {
    await writeAll(file, headerOf(sorted, dtype));
    for (const tensor of sorted) {
      signal?.throwIfAborted();
      await writeAll(file, bytesOf(tensor, dtype, path));
    }
    await file.sync();
    await file.close();
    await rename(partial, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(partial, { force: true });
    throw error;
  }
}

/** Padded with spaces, so that the tensors begin at a multiple of 8 bytes. */
function headerOf(tensors: readonly TensorToWrite[], dtype: WrittenDtype): Uint8Array {
  let position = 0;
  const entries = tensors.map(({ name, shape }) => {
    const start = position;
    position += sizeOf(shape) * BYTES_PER_VALUE[dtype];
    return [name, { dtype: FORMAT_NAMES[dtype], shape, data_offsets: [start, position] }] as const;
  });
  // transformers refuses files that do not say which framework's layouts they hold.
  const text = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) });
  const json = Buffer.from(text);
  const bytes = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8));
  json.copy(bytes, 8);
  return bytes;
}

function bytesOf({ name, shape, values }: TensorToWrite, dtype: WrittenDtype, path: string): Uint8Array {
  const wide = values();
  if (wide.length !== sizeOf(shape)) {
    throw new WeightsError(
      `${path}: ${name}: expected ${sizeOf(shape)} values for [${shape.join(', ')}], got ${wide.length}`,
    );
  }
  const stored = dtype === 'float16' ? halvesOf(wide, name, path) : wide;
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

/** The largest that rounds to a finite half is just below 65520. */
const HALF_OVERFLOW = 65520;

function halvesOf(wide: Float32Array, name: string, path: string): Uint16Array {
  const large = wide.find((value) => Math.abs(value) >= HALF_OVERFLOW && Number.isFinite(value));
  if (large === undefined) return encodeHalves(wide);
  throw new WeightsError(
    `${path}: ${name}: expected values within ±65504, the range of float16, got ${large}. Write float32 instead.`,
  );
}

/** One write of the operating system takes less than 2 GiB, and may take less than it was given. */
const MAX_WRITE_BYTES = 2 ** 30;

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, Math.min(bytes.length - written, MAX_WRITE_BYTES));
    written += bytesWritten;
  }
}
