import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ImageError } from '../errors.ts';

/** An encoded image, and what to call it in a message: its path, or «image bytes». */
export interface ImageBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The path of a file, its bytes, or a stream of them. */
export type EncodedImage = string | Uint8Array | AsyncIterable<Uint8Array>;

/** More than any sane photograph, less than what Node reads in one piece (2 GiB). */
const MAX_BYTES = 2 ** 30;

/**
 * The encoded image at a path, or the bytes given. Only regular files are read, so a folder, a FIFO or a device is an
 * error and never a wait.
 *
 * @throws {ImageError} IMAGE_NOT_FOUND, IMAGE_UNREADABLE or IMAGE_TOO_LARGE
 */
export async function imageBytesOf(source: EncodedImage): Promise<ImageBytes> {
  if (source instanceof Uint8Array) return { name: 'image bytes', bytes: source };
  if (typeof source !== 'string') return { name: 'image bytes', bytes: await collect(source) };
  try {
    return { name: source, bytes: await readRegularFile(source) };
  } catch (error) {
    throw error instanceof ImageError ? error : fileError(source, error);
  }
}

/** Stops at the limit: what comes out of a pipe need not end. */
async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MAX_BYTES) {
      throw new ImageError('IMAGE_TOO_LARGE', `image bytes: expected at most ${MAX_BYTES} bytes, got more`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function readRegularFile(path: string): Promise<Uint8Array> {
  // Without O_NONBLOCK, opening a FIFO that has no writer waits for one; with it, the check below comes first.
  const nonBlocking = process.platform === 'win32' ? 0 : constants.O_NONBLOCK;
  const file = await open(path, constants.O_RDONLY | nonBlocking);
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw unreadable(path, 'a folder');
    if (!stats.isFile()) throw unreadable(path, 'a device, pipe or socket');
    if (stats.size > MAX_BYTES) {
      const message = `${path}: expected an image file of at most ${MAX_BYTES} bytes, got ${stats.size}`;
      throw new ImageError('IMAGE_TOO_LARGE', message);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function unreadable(path: string, what: string, options?: ErrorOptions): ImageError {
  return new ImageError('IMAGE_UNREADABLE', `${path}: expected an image file, got ${what}`, options);
}

/** Node reads names as UTF-8 and puts U+FFFD where they are not, under which nothing is found again. */
function missing(path: string): string {
  return path.includes('\ufffd') ? 'a name that is not UTF-8. Rename the file' : 'no such file';
}

function fileError(path: string, error: unknown): ImageError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ImageError('IMAGE_NOT_FOUND', `${path}: expected an image file, got ${missing(path)}`, {
        cause: error,
      });
    case 'EISDIR':
      return unreadable(path, 'a folder', { cause: error });
    case 'ENXIO':
      return unreadable(path, 'a device, pipe or socket', { cause: error });
    case 'EACCES':
    case 'EPERM':
      return unreadable(path, 'no permission to read it', { cause: error });
    default:
      return unreadable(path, `the system error ${code}`, { cause: error });
  }
}
