import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { ModelNotFoundError, WeightsError } from '../errors.ts';
import type { NamedArrays } from './arrays.ts';
import { withFile } from './byte-source.ts';
import { codeOf, readJson } from './json-file.ts';
import { readSafetensors } from './safetensors.ts';

/** A checkpoint as it lies on disk: what its files say, not yet what that means. */
export interface Checkpoint {
  /** The folder or file, for messages. */
  readonly where: string;
  /** `config.json`, parsed but unchecked; undefined when there is none. */
  readonly config: unknown;
  /** `preprocessor_config.json`, parsed but unchecked; undefined when there is none. */
  readonly preprocessor: unknown;
  readonly arrays: NamedArrays;
}

export const CONFIG_FILE = 'config.json';
export const PREPROCESSOR_FILE = 'preprocessor_config.json';
export const WEIGHTS_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';

/**
 * Reads a checkpoint: a folder, or its weights file, with `config.json` and `preprocessor_config.json` beside it. The
 * weights are `model.safetensors`, shards with their index, or a single `.npz`.
 *
 * @throws ModelNotFoundError when nothing is there, WeightsError or ConfigError when what is there cannot be read.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const weightsPath = await locateWeights(path);
  const folder = dirname(weightsPath);
  // First, because they are small and a fault in them is found before a gigabyte is read.
  const config = await readJson(join(folder, CONFIG_FILE));
  const preprocessor = await readJson(join(folder, PREPROCESSOR_FILE));
  return { where: path, config, preprocessor, arrays: await readWeights(weightsPath) };
}

async function readWeights(path: string): Promise<NamedArrays> {
  try {
    if (path.endsWith('.npz')) return await (await import('./npz.ts')).readNpz(path, path);
    if (path.endsWith('.json')) return await (await import('./sharded.ts')).readSharded(path);
    return await withFile(path, (source) => readSafetensors(source, path));
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw new ModelNotFoundError(`model ${path}: expected a readable weights file, got ${codeOf(cause)}`, { cause });
  }
}

async function locateWeights(path: string): Promise<string> {
  const entry = await stat(path).catch(() => undefined);
  if (entry === undefined) {
    throw new ModelNotFoundError(
      `model «${path}»: expected the name of an embedded model, a folder, a .safetensors, .npz or model.json file, or a hub id org/name`,
    );
  }
  if (entry.isDirectory()) return join(path, weightsAmong(await readdir(path), `model ${path}`));
  if (path.endsWith('.safetensors') || path.endsWith('.npz') || basename(path) === INDEX_FILE) return path;
  throw new WeightsError(
    `model ${path}: expected a checkpoint folder or a .safetensors or .npz file, got ${basename(path)}. ${remedyFor([path])}`,
  );
}

/**
 * The weights file among the files of a folder: `model.safetensors`, else the index of its shards, else the only `.npz`.
 *
 * @throws ModelNotFoundError when there is none that patchlens reads.
 */
export function weightsAmong(files: readonly string[], where: string): string {
  for (const name of [WEIGHTS_FILE, INDEX_FILE]) if (files.includes(name)) return name;
  const archives = files.filter((name) => name.endsWith('.npz'));
  if (archives.length === 1) return archives[0]!;
  const got =
    archives.length > 1 ? `${archives.length} .npz files: name one of them.` : `none of them. ${remedyFor(files)}`;
  throw new ModelNotFoundError(`${where}: expected ${WEIGHTS_FILE}, ${INDEX_FILE} or a single .npz, got ${got}`);
}

const PICKLES = ['.pth', '.pt', '.bin', '.pkl', '.ckpt'];

function remedyFor(files: readonly string[]): string {
  return files.some((file) => PICKLES.some((ending) => file.endsWith(ending)))
    ? 'Pickled weights can run code when they are read: convert them once in Python with ' +
        'safetensors.torch.save_file(state_dict, "model.safetensors").'
    : 'Give the folder that holds config.json and model.safetensors.';
}
