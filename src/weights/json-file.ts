import { readFile, stat } from 'node:fs/promises';

import { ConfigError } from '../errors.ts';
import { outlineOf } from './json-text.ts';

/** The index of the largest published models is some megabytes; a parsed text takes many times its size. */
const MAX_JSON_BYTES = 32 * 2 ** 20;
/** Configurations nest four deep. */
const MAX_JSON_DEPTH = 64;

/**
 * Reads a JSON file; undefined when there is none.
 *
 * @throws ConfigError when it cannot be read, is no JSON or is too large to be a configuration.
 */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  const { depth } = outlineOf(text);
  if (depth > MAX_JSON_DEPTH) {
    throw new ConfigError(`${path}: expected JSON nested at most ${MAX_JSON_DEPTH} deep, got ${depth}`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${path}: expected JSON`, { cause });
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_JSON_BYTES) return await readFile(path, 'utf8');
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOENT') return undefined;
    throw new ConfigError(`${path}: expected a readable file, got ${code}`, { cause });
  }
  throw new ConfigError(`${path}: expected at most ${MAX_JSON_BYTES} bytes of JSON`);
}

/** `ENOENT`, `EACCES` …, or the error's text where the system gives no code. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
