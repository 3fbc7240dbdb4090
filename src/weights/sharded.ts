import { realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';

import { WeightsError } from '../errors.ts';
import type { NamedArray } from './arrays.ts';
import { withFile } from './byte-source.ts';
import { readEntries, readTensors } from './safetensors.ts';
import type { TensorEntry } from './safetensors.ts';
import { readShardIndex } from './shard-index.ts';

const MAX_LISTED = 8;

/**
 * Reads a checkpoint in shards: `model.safetensors.index.json` names the file beside it that holds each tensor.
 *
 * @throws WeightsError when shards are missing or lie elsewhere, or do not hold exactly the tensors of the index.
 */
export async function readSharded(indexPath: string): Promise<Map<string, NamedArray>> {
  const { shards, totalBytes } = await readShardIndex(indexPath);
  const paths = await locateShards(indexPath, [...shards.keys()]);
  const arrays = new Map<string, NamedArray>();
  let bytes = 0;
  for (const [file, tensors] of shards) {
    const path = paths.get(file)!;
    await withFile(path, async (source) => {
      const entries = await readEntries(source, path);
      checkTensors(entries, tensors, path);
      bytes += entries.reduce((sum, { start, end }) => sum + end - start, 0);
      for (const [name, array] of await readTensors(source, entries)) arrays.set(name, array);
    });
  }
  if (totalBytes !== undefined && bytes !== totalBytes) {
    throw new WeightsError(`${indexPath}: expected ${totalBytes} bytes of tensors in all shards, got ${bytes}`);
  }
  return arrays;
}

/** A tensor is in one shard only because the index, a JSON object, names one for it. */
function checkTensors(entries: readonly TensorEntry[], expected: readonly string[], path: string): void {
  const found = new Set(entries.map(({ name }) => name));
  const missing = expected.filter((name) => !found.delete(name));
  if (missing.length > 0)
    throw new WeightsError(`${path}: expected the tensors of the index: missing ${list(missing)}`);
  if (found.size > 0)
    throw new WeightsError(`${path}: expected the tensors of the index: unexpected ${list([...found])}`);
}

/**
 * Where the files of an index lie, which must be in its folder.
 *
 * @throws WeightsError when they are missing or links to elsewhere.
 */
export async function locateShards(indexPath: string, files: readonly string[]): Promise<Map<string, string>> {
  const folder = dirname(indexPath);
  const homes = await homesOf(folder);
  const paths = new Map<string, string>();
  for (const file of files) {
    const path = join(folder, file);
    const target = await realpath(path).catch(() => undefined);
    if (target === undefined) continue;
    if (!homes.some((home) => target.startsWith(home + sep))) {
      throw new WeightsError(
        `${path}: expected a file in ${folder}, got a link to ${target}. Put the file itself there.`,
      );
    }
    paths.set(file, path);
  }
  const missing = files.filter((file) => !paths.has(file));
  if (missing.length > 0) {
    throw new WeightsError(`${indexPath}: expected ${files.length} shards beside it: missing ${list(missing)}`);
  }
  return paths;
}

/** The folder itself, and for a snapshot in a Hugging Face cache the blobs that its files link to. */
async function homesOf(folder: string): Promise<string[]> {
  const home = await realpath(folder);
  const snapshots = dirname(home);
  if (basename(snapshots) !== 'snapshots') return [home];
  return [home, join(dirname(snapshots), 'blobs')];
}

function list(names: readonly string[]): string {
  const rest = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : '';
  return `${names.slice(0, MAX_LISTED).join(', ')}${rest}`;
}
