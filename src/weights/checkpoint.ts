import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { ConfigError, ModelNotFoundError, WeightsError } from '../errors.ts';
import type { NamedArrays } from './arrays.ts';
import { readSafetensors } from './safetensors.ts';

/** A checkpoint as it lies on disk: what its files say, not yet what that means. */
export interface Checkpoint {
  /** The folder or file, for messages. */
  readonly where: string;
  /** `config.json`, parsed but unchecked; undefined when there is none. */
  readonly config: unknown;
  readonly arrays: NamedArrays;
}

const WEIGHTS_FILE = 'model.safetensors';
const CONFIG_FILE = 'config.json';

/**
 * Reads a checkpoint folder (`config.json`, `model.safetensors`) or a single `.safetensors` with its `config.json` beside
 * it.
 *
 * @throws ModelNotFoundError when nothing is there, WeightsError or ConfigError when what is there cannot be read.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const weightsPath = await locateWeights(path);
  const arrays = readSafetensors(await readBytes(weightsPath), weightsPath);
  return { where: path, config: await readJson(join(dirname(weightsPath), CONFIG_FILE)), arrays };
}

async function locateWeights(path: string): Promise<string> {
  const entry = await stat(path).catch(() => undefined);
  if (entry === undefined) {
    throw new ModelNotFoundError(
      `model ${path}: expected a folder, a .safetensors file or the name of an embedded model`,
    );
  }
  if (entry.isDirectory()) return join(path, WEIGHTS_FILE);
  if (path.endsWith('.safetensors')) return path;
  throw new WeightsError(
    `model ${path}: expected a checkpoint folder or a .safetensors file, got ${basename(path)}. ${remedyFor(path)}`,
  );
}

const PICKLES = ['.pth', '.pt', '.bin', '.pkl', '.ckpt'];

function remedyFor(path: string): string {
  return PICKLES.some((ending) => path.endsWith(ending))
    ? 'Pickled weights can run code when they are read: convert them once in Python with ' +
        'safetensors.torch.save_file(state_dict, "model.safetensors").'
    : 'Give the folder that holds config.json and model.safetensors.';
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new ModelNotFoundError(`model ${path}: expected a readable weights file, got ${codeOf(cause)}`, { cause });
  }
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new ConfigError(`${path}: expected a readable file, got ${codeOf(cause)}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${path}: expected JSON`, { cause });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
