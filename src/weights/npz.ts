import { crc32 } from 'node:zlib';

import * as yauzl from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';

import { PatchlensError, WeightsError } from '../errors.ts';
import type { NamedArray } from './arrays.ts';
import { readNpy } from './npy.ts';
import type { ByteReader } from './npy.ts';

/** A ViT has some hundred arrays; more than this is not a checkpoint. */
const MAX_ENTRIES = 10_000;
/** No parameter of a network is near it, and larger arrays are beyond what a typed array surely holds. */
const MAX_ARRAY_BYTES = 2 ** 32;
/** Twice the largest Vision Transformer that was published as an archive. */
const MAX_TOTAL_BYTES = 2 ** 33;
/** Deflate cannot do better: 258 bytes in two bits. */
const MAX_DEFLATE_RATIO = 1032;
const SUFFIX = '.npy';

/**
 * Reads a NumPy `.npz`: a zip archive, stored or deflated, of `.npy` arrays. Names are keys, never paths. Sizes that lie
 * are found before memory is taken for them: each array's header must agree with the archive's directory, the data are
 * cut at the size they declare, and two entries cannot share the same bytes.
 *
 * @param file its path or its bytes.
 * @param where names the file in errors.
 * @throws WeightsError when the archive is damaged or holds what is not an array.
 */
export async function readNpz(file: string | Uint8Array, where: string): Promise<Map<string, NamedArray>> {
  const zip = await openZip(file).catch((cause: unknown) => refuse(cause, where));
  try {
    const arrays = new Map<string, NamedArray>();
    for (const [name, entry] of await readDirectory(zip, where)) {
      const array = await readArray(zip, entry, `${where}: ${name}`);
      if (array !== undefined) arrays.set(name, array);
    }
    return arrays;
  } catch (cause) {
    return refuse(cause, where);
  } finally {
    zip.close();
  }
}

function openZip(file: string | Uint8Array): Promise<ZipFile> {
  // yauzl takes no plain Uint8Array.
  if (typeof file !== 'string') {
    return yauzl.fromBufferPromise(Buffer.from(file.buffer, file.byteOffset, file.byteLength));
  }
  return yauzl.openPromise(file, { autoClose: false });
}

/** What yauzl or zlib throw of a damaged archive is the file's fault; the rest passes as it is. */
function refuse(cause: unknown, where: string): never {
  if (cause instanceof PatchlensError || !(cause instanceof Error) || 'syscall' in cause) throw cause;
  throw new WeightsError(`${where}: expected a whole .npz archive: ${cause.message}`, { cause });
}

async function readDirectory(zip: ZipFile, where: string): Promise<Map<string, Entry>> {
  if (zip.entryCount > MAX_ENTRIES) {
    throw new WeightsError(`${where}: expected at most ${MAX_ENTRIES} arrays, got ${zip.entryCount}`);
  }
  const entries = new Map<string, Entry>();
  let compressedBytes = 0;
  let totalBytes = 0;
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName.slice(0, -SUFFIX.length);
    checkEntry(entry, where);
    if (entries.has(name)) throw new WeightsError(`${where}: expected each array once, got ${name} twice`);
    entries.set(name, entry);
    compressedBytes += entry.compressedSize;
    totalBytes += entry.uncompressedSize;
  }
  if (totalBytes > MAX_TOTAL_BYTES) {
    throw new WeightsError(`${where}: expected at most ${MAX_TOTAL_BYTES} bytes of arrays, got ${totalBytes}`);
  }
  if (compressedBytes > zip.fileSize) {
    throw new WeightsError(`${where}: expected ${compressedBytes} bytes of arrays, got a file of ${zip.fileSize}`);
  }
  return entries;
}

function checkEntry({ fileName, compressedSize, uncompressedSize }: Entry, where: string): void {
  if (!fileName.endsWith(SUFFIX)) {
    throw new WeightsError(`${where}: expected .npy arrays only, got ${JSON.stringify(fileName)}`);
  }
  const maxBytes = Math.min(MAX_ARRAY_BYTES, compressedSize * MAX_DEFLATE_RATIO);
  if (uncompressedSize > maxBytes) {
    throw new WeightsError(`${where}: ${fileName}: expected at most ${maxBytes} bytes, got ${uncompressedSize}`);
  }
}

async function readArray(zip: ZipFile, entry: Entry, where: string): Promise<NamedArray | undefined> {
  const stream = await zip.openReadStreamPromise(entry);
  try {
    const chunks = checkedChunks(stream, entry.crc32, where);
    const array = await readNpy(byteReader(chunks, where), entry.uncompressedSize, where);
    // An integer array is left unread; of the others nothing is left but the checks at the end.
    if (array !== undefined) await chunks.next();
    return array;
  } finally {
    stream.destroy();
  }
}

/** Passes the entry's bytes on and compares their checksum, which yauzl leaves to its callers. */
async function* checkedChunks(
  stream: AsyncIterable<Uint8Array>,
  expected: number,
  where: string,
): AsyncGenerator<Uint8Array, void> {
  let sum = 0;
  for await (const chunk of stream) {
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (sum !== expected)
    throw new WeightsError(`${where}: expected CRC-32 ${expected}, got ${sum}. The file is damaged.`);
}

function byteReader(chunks: AsyncGenerator<Uint8Array, void>, where: string): ByteReader {
  let chunk: Uint8Array = new Uint8Array();
  return {
    async take(numBytes) {
      const taken = new Uint8Array(numBytes);
      let filled = 0;
      while (filled < numBytes) {
        if (chunk.length === 0) {
          const next = await chunks.next();
          if (next.done === true) throw new WeightsError(`${where}: expected ${numBytes} bytes more, got ${filled}`);
          chunk = next.value;
        }
        const part = chunk.subarray(0, numBytes - filled);
        taken.set(part, filled);
        filled += part.length;
        chunk = chunk.subarray(part.length);
      }
      return taken.buffer;
    },
  };
}
