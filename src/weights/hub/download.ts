import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { HubError } from '../../errors.ts';
import { hasBlob, keepBlob, removeAbandoned, temporaryPath } from './cache.ts';
import type { ModelCache } from './cache.ts';
import { ask } from './connection.ts';
import type { HubAnswer, HubConnection } from './connection.ts';
import { formatHubId } from './hub-id.ts';
import type { HubFile } from './repository.ts';

/**
 * A file on its way: its first event has 0 bytes received, its last one all of them. The count goes back to 0 where a
 * server does not take up a broken download.
 */
export interface DownloadProgress {
  /** `org/name`, with `@revision` where one was asked for. */
  readonly model: string;
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

export interface DownloadOptions {
  readonly onProgress?: ((event: DownloadProgress) => void) | undefined;
  /** Milliseconds before the first new attempt after a broken connection; doubled for each further one. */
  readonly retryDelay: number;
}

/** Broken connections in a row, without a mebibyte between them, after which a download is given up. */
const MAX_FAILURES = 5;
const PROGRESS_BYTES = 2 ** 20;

/**
 * Brings a file into the blobs of the cache, if it is not there. It is written under a name of its own, and gets the
 * blob's name once it has the right length and the right hash and is on disk. A broken connection is taken up where it
 * broke.
 *
 * @throws HubError, or the signal's reason; nothing is left behind then.
 */
export async function downloadBlob(
  connection: HubConnection,
  cache: ModelCache,
  commit: string,
  file: HubFile,
  options: DownloadOptions,
): Promise<void> {
  if (await hasBlob(cache, file.etag, file.size)) return;
  await removeAbandoned(cache, file.etag);
  const temporary = temporaryPath(cache, file.etag);
  await mkdir(dirname(temporary), { recursive: true });
  const handle = await open(temporary, 'wx');
  try {
    const transfer: Transfer = { file, handle, hash: hashOf(file), receivedBytes: 0 };
    await receiveAll(connection, commit, transfer, options);
    verify(connection, transfer);
    await handle.sync();
    await handle.close();
    await keepBlob(cache, temporary, file.etag, file.size);
  } catch (error) {
    await handle.close();
    await rm(temporary, { force: true });
    throw error;
  }
}

interface Transfer {
  readonly file: HubFile;
  readonly handle: FileHandle;
  hash: Hash;
  receivedBytes: number;
}

/** Large files are named by the SHA-256 of their content, small ones as Git names them. */
function hashOf({ etag, size }: HubFile): Hash {
  return etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

async function receiveAll(
  connection: HubConnection,
  commit: string,
  transfer: Transfer,
  options: DownloadOptions,
): Promise<void> {
  let numFailures = 0;
  for (;;) {
    const before = transfer.receivedBytes;
    try {
      await receive(connection, commit, transfer, options);
      return;
    } catch (error) {
      if (!(error instanceof HubError && error.code === 'HUB_UNREACHABLE')) throw error;
      numFailures = transfer.receivedBytes - before >= PROGRESS_BYTES ? 1 : numFailures + 1;
      if (numFailures >= MAX_FAILURES) throw error;
    }
    await sleep(options.retryDelay * 2 ** (numFailures - 1), undefined, { signal: connection.signal }).catch(() => {
      throw connection.signal?.reason;
    });
  }
}

/** One request, from where the last one ended to the end of the file. */
async function receive(
  connection: HubConnection,
  commit: string,
  transfer: Transfer,
  { onProgress }: DownloadOptions,
): Promise<void> {
  const { file, handle } = transfer;
  const { endpoint, id } = connection;
  const report = (): void => {
    const { receivedBytes } = transfer;
    onProgress?.({ model: formatHubId(id), file: file.name, receivedBytes, totalBytes: file.size });
  };
  // Neither lengths nor ranges hold for bytes that are compressed on the way.
  const headers = { 'accept-encoding': 'identity', ...rangeFrom(transfer.receivedBytes) };
  const address = `${endpoint}/${id.name}/resolve/${commit}/${encodeURIComponent(file.name)}`;
  const answer = await ask(connection, address, headers);
  // The server begins anew, whether or not it was asked to go on.
  if (answer.status !== 206) restart(transfer);
  const start = transfer.receivedBytes;
  report();
  for await (const chunk of answer.body) {
    if (!startsAt(answer, start)) throw corrupt(connection, file, 'another part of the file');
    if (transfer.receivedBytes + chunk.length > file.size) throw corrupt(connection, file, 'more bytes');
    await writeAll(handle, chunk, transfer.receivedBytes);
    transfer.hash.update(chunk);
    transfer.receivedBytes += chunk.length;
    report();
  }
}

function rangeFrom(start: number): Record<string, string> {
  return start === 0 ? {} : { range: `bytes=${start}-` };
}

function startsAt({ status, headers }: HubAnswer, start: number): boolean {
  return status !== 206 || headers.get('content-range')?.startsWith(`bytes ${start}-`) === true;
}

/** A write may take less than it was given, on a disk that is filling up. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

function restart(transfer: Transfer): void {
  transfer.hash = hashOf(transfer.file);
  transfer.receivedBytes = 0;
}

function verify(connection: HubConnection, { file, hash, receivedBytes }: Transfer): void {
  if (receivedBytes !== file.size) throw corrupt(connection, file, `${receivedBytes} bytes`);
  if (hash.digest('hex') !== file.etag) throw corrupt(connection, file, 'bytes of another hash');
}

function corrupt({ id, endpoint }: HubConnection, { name, size, etag }: HubFile, got: string): HubError {
  const where = `${formatHubId(id)}: ${name}`;
  const message = `${where}: expected ${size} bytes with hash ${etag} from ${endpoint}, got ${got}. Try again.`;
  return new HubError('HUB_DOWNLOAD_CORRUPT', message);
}
