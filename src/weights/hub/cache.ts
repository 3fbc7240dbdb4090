import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

import { COMMIT } from './repository.ts';

/**
 * One model's folder in a Hugging Face cache, in the layout that huggingface_hub writes and reads: contents in `blobs`,
 * links to them in `snapshots/<commit>`, the commit of a branch or tag in `refs`, and in `.no_exist/<commit>` an empty
 * file for each that the hub is known not to have. Whatever appears there appears whole, by a rename.
 */
export interface ModelCache {
  readonly folder: string;
}

export function modelCache(cacheFolder: string, name: string): ModelCache {
  return { folder: join(cacheFolder, `models--${name.replace('/', '--')}`) };
}

export function snapshotFolder({ folder }: ModelCache, commit: string): string {
  return join(folder, 'snapshots', commit);
}

function blobPath({ folder }: ModelCache, etag: string): string {
  return join(folder, 'blobs', etag);
}

/** A name among the blobs that no other process has; it is never one that a finished file has. */
export function temporaryPath({ folder }: ModelCache, purpose: string): string {
  return join(folder, 'blobs', `${purpose}.${randomUUID()}.incomplete`);
}

/** A download writes every few seconds, or is over. */
const ABANDONED_AFTER = 3_600_000;

/** Removes what killed processes left of a blob. */
export async function removeAbandoned(cache: ModelCache, etag: string): Promise<void> {
  const folder = dirname(blobPath(cache, etag));
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((other) => other.startsWith(`${etag}.`) && other.endsWith('.incomplete'))) {
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs < Date.now() - ABANDONED_AFTER) await rm(join(folder, name), { force: true });
  }
}

/** The commit that a revision stood for when it was last asked for. */
export async function cachedCommit(cache: ModelCache, revision: string): Promise<string | undefined> {
  if (COMMIT.test(revision)) return revision;
  const text = await readFile(refPath(cache, revision), 'utf8').catch(() => '');
  return COMMIT.test(text.trim()) ? text.trim() : undefined;
}

export async function rememberCommit(cache: ModelCache, revision: string, commit: string): Promise<void> {
  if (revision === commit) return;
  const path = refPath(cache, revision);
  await mkdir(dirname(path), { recursive: true });
  const temporary = temporaryPath(cache, 'ref');
  await writeFile(temporary, commit);
  await rename(temporary, path);
}

function refPath({ folder }: ModelCache, revision: string): string {
  return join(folder, 'refs', ...revision.split('/'));
}

/** The files of a snapshot that are whole: a link leads to a file in the model's own folder. */
export async function cachedFiles(cache: ModelCache, commit: string): Promise<Set<string>> {
  const snapshot = snapshotFolder(cache, commit);
  const names = await readdir(snapshot).catch(() => []);
  const home = names.length === 0 ? '' : await realpath(cache.folder);
  const files = new Set<string>();
  for (const name of names) {
    const target = await realpath(join(snapshot, name)).catch(() => undefined);
    if (target?.startsWith(home + sep) === true && (await stat(target)).isFile()) files.add(name);
  }
  return files;
}

/** Puts a blob into a snapshot under its name. */
export async function linkBlob(cache: ModelCache, etag: string, commit: string, name: string): Promise<void> {
  const snapshot = snapshotFolder(cache, commit);
  const blob = blobPath(cache, etag);
  const temporary = temporaryPath(cache, 'link');
  await mkdir(snapshot, { recursive: true });
  // Windows makes links for administrators only.
  await symlink(relative(snapshot, blob), temporary).catch(() => copyFile(blob, temporary));
  await rename(temporary, join(snapshot, name));
}

/** Whether the hub is known not to have a file. */
export async function isKnownAbsent(cache: ModelCache, commit: string, name: string): Promise<boolean> {
  return isFile(join(cache.folder, '.no_exist', commit, name));
}

export async function rememberAbsent(cache: ModelCache, commit: string, name: string): Promise<void> {
  const folder = join(cache.folder, '.no_exist', commit);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), '');
}

/** Whether a blob is there, of the size it should have: one that was renamed into place is whole. */
export async function hasBlob(cache: ModelCache, etag: string, size: number): Promise<boolean> {
  return isFile(blobPath(cache, etag), size);
}

async function isFile(path: string, size?: number): Promise<boolean> {
  const entry = await stat(path).catch(() => undefined);
  return entry?.isFile() === true && (size === undefined || entry.size === size);
}

/** Moves a finished file into place; another process may have been first with the same bytes. */
export async function keepBlob(cache: ModelCache, temporary: string, etag: string, size: number): Promise<void> {
  try {
    await rename(temporary, blobPath(cache, etag));
  } catch (error) {
    // Windows does not replace a file that someone reads.
    if (!(await hasBlob(cache, etag, size))) throw error;
    await rm(temporary, { force: true });
  }
}
