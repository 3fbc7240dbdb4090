import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Configuration and weights; a run beside them may write its log on. */
const MODEL_FILE = /\.(?:json|safetensors|npz|bin)$/;

/** The same for the same files of a model, at `path`, a file or a folder, whatever it is called. */
export async function modelFingerprint(path: string): Promise<string> {
  const isFolder = (await stat(path)).isDirectory();
  const files = isFolder ? (await readdir(path)).filter((name) => MODEL_FILE.test(name)).toSorted() : [''];
  const hash = createHash('sha256');
  for (const name of files) {
    hash.update(`${name}\0`);
    await pipeline(createReadStream(join(path, name)), hash, { end: false });
  }
  return hash.digest('hex');
}
