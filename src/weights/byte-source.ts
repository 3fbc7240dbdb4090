import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { WeightsError } from '../errors.ts';

/** Bytes that can be read piece by piece, so that a large file and its decoded tensors are never both in memory. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number;
  /** Bytes `start` to `end`, in memory of their own that the caller may keep or change. */
  read(start: number, end: number): Promise<ArrayBuffer>;
}

/** Bytes that are in memory already. */
export function bytesInMemory(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.byteLength,
    // Not `bytes.slice()`, which for a Buffer is a view of the whole file.
    read: async (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer,
  };
}

/** Opens a file for `use` and closes it afterwards. */
export async function withFile<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return await use({ size, read: (start, end) => readRange(file, start, end, path) });
  } finally {
    await file.close();
  }
}

/** One read of the operating system returns less than 2 GiB, and may return less than was asked for. */
const MAX_READ_BYTES = 2 ** 30;

async function readRange(file: FileHandle, start: number, end: number, path: string): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const length = Math.min(bytes.length - filled, MAX_READ_BYTES);
    const { bytesRead } = await file.read(bytes, filled, length, start + filled);
    // The file has become shorter since its size was asked for.
    if (bytesRead === 0) throw new WeightsError(`${path}: expected ${bytes.length} bytes from ${start}, got ${filled}`);
    filled += bytesRead;
  }
  return bytes.buffer;
}
