import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { ArgumentError } from '../../errors.ts';

/** The variables that huggingface_hub reads, so that Python and patchlens share one cache and one login. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The folder of the cache: `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else in `XDG_CACHE_HOME`, else in `~/.cache`. */
export function cacheFolderOf(environment: Environment): string {
  return variable(environment, 'HF_HUB_CACHE') ?? join(homeOf(environment), 'hub');
}

function homeOf(environment: Environment): string {
  const caches = variable(environment, 'XDG_CACHE_HOME') ?? join(homedir(), '.cache');
  return variable(environment, 'HF_HOME') ?? join(caches, 'huggingface');
}

/** Empty means unset; `~` is the home folder, which no shell expands inside quotes. */
function variable(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  if (value === undefined || value === '') return undefined;
  return /^~(?=[/\\]|$)/.test(value) ? homedir() + value.slice(1) : value;
}

const TRUE = new Set(['1', 'ON', 'YES', 'TRUE']);

/** Whether `HF_HUB_OFFLINE` forbids the network. */
export function isOffline(environment: Environment): boolean {
  return TRUE.has((environment['HF_HUB_OFFLINE'] ?? '').toUpperCase());
}

/**
 * `HF_ENDPOINT` without a slash at its end.
 *
 * @throws ArgumentError when it is no http address.
 */
export function endpointOf(environment: Environment): string {
  const value = variable(environment, 'HF_ENDPOINT') ?? 'https://huggingface.co';
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '') {
    // Not the value, which may hold a password.
    throw new ArgumentError('HF_ENDPOINT: expected an address such as https://huggingface.co, without user or query');
  }
  return url.href.replace(/\/+$/, '');
}

/**
 * `HF_TOKEN`, else what `hf auth login` left in `HF_TOKEN_PATH` or in the file `token` of `HF_HOME`.
 *
 * @throws ArgumentError when it cannot be sent; the message does not show it.
 */
export async function tokenOf(environment: Environment): Promise<string | undefined> {
  const path = variable(environment, 'HF_TOKEN_PATH') ?? join(homeOf(environment), 'token');
  const token = (environment['HF_TOKEN'] ?? '').trim() || (await readFile(path, 'utf8').catch(() => '')).trim();
  if (token === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new ArgumentError('HF_TOKEN: expected a token of letters, digits and signs, got other characters');
}
