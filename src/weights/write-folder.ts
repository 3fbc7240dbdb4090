import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { ArgumentError } from '../errors.ts';
import { codeOf } from './json-file.ts';

export interface FolderOptions {
  /** Whether files of the same names in a folder that is there may be replaced. Others there are left alone. */
  readonly force?: boolean | undefined;
}

/**
 * Fills a folder that is new or empty. The files are made in a folder beside it and moved when all are there, so that one
 * that could not be filled is not there, and one that was there is as it was.
 *
 * @throws ArgumentError when something is there already, unless `force`; what `fill` throws.
 */
export async function writeFolder(
  folder: string,
  fill: (path: string) => Promise<void>,
  options: FolderOptions = {},
): Promise<void> {
  const target = resolve(folder);
  const isThere = await checkFolder(folder, options);
  const partial = join(dirname(target), `.${basename(target)}.partial-${randomUUID()}`);
  await mkdir(partial, { recursive: true });
  try {
    await fill(partial);
    if (isThere) for (const name of await readdir(partial)) await rename(join(partial, name), join(target, name));
    else await rename(partial, target);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * Whether the folder is there.
 *
 * @throws ArgumentError when it may not be written to: something is in it, without `force`, or it is a file.
 */
export async function checkFolder(folder: string, { force = false }: FolderOptions = {}): Promise<boolean> {
  const files = await readdir(folder).catch((cause: unknown) => {
    const code = codeOf(cause);
    if (code === 'ENOENT') return undefined;
    throw new ArgumentError(`output ${folder}: expected a folder, got ${code}`, { cause });
  });
  if (files === undefined || files.length === 0 || force) return files !== undefined;
  throw new ArgumentError(
    `output ${folder}: expected a new or empty folder, got one with ${files.length} entries. ` +
      'Name another, or replace the model in it by force.',
  );
}
