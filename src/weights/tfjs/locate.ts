import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { INDEX_FILE, WEIGHTS_FILE } from '../checkpoint.ts';

/** What the file of a TensorFlow.js model is called. */
const TFJS_FILE = 'model.json';

/** The file of the TensorFlow.js model that a path leads to: itself, or in the folder; undefined when it leads to none. */
export async function tfjsFileAt(path: string): Promise<string | undefined> {
  if (path.endsWith('.json')) return basename(path) === INDEX_FILE ? undefined : path;
  const files: readonly string[] = await readdir(path).catch(() => []);
  const isTfjs = files.includes(TFJS_FILE) && !files.includes(WEIGHTS_FILE) && !files.includes(INDEX_FILE);
  return isTfjs ? join(path, TFJS_FILE) : undefined;
}
