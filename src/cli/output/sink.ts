import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { CommandFailure, EXIT, ReaderGone } from '../exit.ts';
import type { OutputStream } from '../patchlens.ts';

/** Where results go. A write settles once the data are handed on, so that a slow reader slows the producer down. */
export interface Sink {
  write(data: string | Uint8Array): Promise<void>;
  /** Makes what was written final. */
  commit(): Promise<void>;
  /** Takes back what was written, where that is still possible. */
  discard(): Promise<void>;
}

/** @throws ReaderGone from `write` when the other end of a pipe has closed. */
export function streamSink(stream: OutputStream): Sink {
  return {
    write: (data) =>
      new Promise((resolve, reject) => {
        stream.write(data, (error) => (error ? reject(writeFailure('standard output', error)) : resolve()));
      }),
    commit: async () => {},
    discard: async () => {},
  };
}

/**
 * A file that appears whole or not at all: results collect in a temporary file beside it, and `commit` renames that into
 * place. What is no regular file (`/dev/null`, a named pipe) is written to directly.
 */
export async function fileSink(path: string): Promise<Sink> {
  try {
    const existing = await stat(path).catch(() => undefined);
    if (existing?.isDirectory()) throw new Error('it is a folder');
    if (existing && !existing.isFile()) return handleSink(path, await open(path, 'w'));
    // Through a link the file it leads to is replaced, not the link.
    const target = existing ? realpathSync(path) : path;
    // Short, so that a long name stays within the file system's limit; new, so that no link lies in wait under it.
    const temporary = join(dirname(target), `.patchlens-${randomUUID().slice(0, 8)}.tmp`);
    const handle = await open(temporary, 'wx', existing?.mode);
    return handleSink(path, handle, { temporary, target });
  } catch (error) {
    throw writeFailure(`--output ${path}`, error);
  }
}

interface Replacement {
  readonly temporary: string;
  readonly target: string;
}

function handleSink(path: string, handle: FileHandle, replacement?: Replacement): Sink {
  const failure = (error: unknown) => writeFailure(`--output ${path}`, error);
  const discard = async () => {
    await handle.close().catch(() => {});
    if (replacement) await rm(replacement.temporary, { force: true });
  };
  return {
    async write(data) {
      try {
        await handle.appendFile(data);
      } catch (error) {
        throw failure(error);
      }
    },
    async commit() {
      try {
        if (replacement) await handle.sync();
        await handle.close();
        if (replacement) await rename(replacement.temporary, replacement.target);
      } catch (error) {
        await discard();
        throw failure(error);
      }
    },
    discard,
  };
}

function writeFailure(where: string, error: unknown): CommandFailure {
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return new ReaderGone(error);
  return new CommandFailure(EXIT.failed, `${where}: cannot be written (${reasonOf(error)})`, { cause: error });
}

/** Without the system call and its arguments: they name a temporary file that nobody asked for. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof Error && 'syscall' in error ? (message.split(', ', 1)[0] ?? '') : message;
}
