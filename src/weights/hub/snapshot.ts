import { join } from 'node:path';

import { ArgumentError, HubError } from '../../errors.ts';
import { CONFIG_FILE, INDEX_FILE, PREPROCESSOR_FILE, WEIGHTS_FILE, weightsAmong } from '../checkpoint.ts';
import { readShardIndex } from '../shard-index.ts';
import {
  cachedCommit,
  cachedFiles,
  isKnownAbsent,
  linkBlob,
  modelCache,
  rememberAbsent,
  rememberCommit,
  snapshotFolder,
} from './cache.ts';
import type { ModelCache } from './cache.ts';
import type { HubConnection } from './connection.ts';
import { downloadBlob } from './download.ts';
import type { DownloadProgress } from './download.ts';
import { cacheFolderOf, endpointOf, isOffline, tokenOf } from './environment.ts';
import type { Environment } from './environment.ts';
import { formatHubId, parseHubId } from './hub-id.ts';
import { readRepository } from './repository.ts';

export interface SnapshotOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called for each file that is downloaded; never for one that is in the cache. */
  readonly onProgress?: ((event: DownloadProgress) => void) | undefined;
  /** Default `process.env`. */
  readonly environment?: Environment | undefined;
  /** Milliseconds without a byte after which a connection counts as dead; default 30 s. */
  readonly idleTimeout?: number | undefined;
  /** Milliseconds before a broken download is taken up again, doubled each time; default 1 s. */
  readonly retryDelay?: number | undefined;
}

/**
 * The folder of a model of the Hugging Face Hub, `org/name[@revision]`, with the files that a checkpoint needs. What is in
 * the cache is taken from there without a question to the hub; the rest is downloaded into it, where huggingface_hub
 * finds it too.
 *
 * @throws ArgumentError, ModelNotFoundError when the model has no weights that patchlens reads, HubError, or the signal's
 *   reason.
 */
export async function snapshotOf(text: string, options: SnapshotOptions = {}): Promise<string> {
  const { signal, environment = process.env, idleTimeout = 30_000, retryDelay = 1000, onProgress } = options;
  signal?.throwIfAborted();
  const id = parseHubId(text);
  if (id === undefined) throw new ArgumentError(`model ${text}: expected a hub id, org/name or org/name@revision`);
  const cacheFolder = cacheFolderOf(environment);
  const cache = modelCache(cacheFolder, id.name);
  const offline = isOffline(environment);
  const commit = await cachedCommit(cache, id.revision);
  if (commit !== undefined && (await isComplete(cache, commit, offline))) return snapshotFolder(cache, commit);
  if (offline) {
    const message = `${formatHubId(id)}: expected the model in ${cacheFolder}, where it is not, or not whole`;
    throw new HubError('HUB_OFFLINE', `${message}. Unset HF_HUB_OFFLINE to download it.`);
  }
  const endpoint = endpointOf(environment);
  const token = await tokenOf(environment);
  const connection: HubConnection = { id, endpoint, token, idleTimeout, signal };
  return fetchSnapshot(connection, cache, { onProgress, retryDelay }).catch((cause: unknown) => {
    if (!(cause instanceof Error && 'syscall' in cause && 'code' in cause)) throw cause;
    const message = `${cacheFolder}: expected a cache that can be written, got ${String(cause.code)}`;
    throw new HubError('HUB_CACHE_UNUSABLE', `${message}. Set HF_HUB_CACHE to another folder.`, { cause });
  });
}

/**
 * Whether a snapshot holds all that a checkpoint needs. Offline, what is not there counts as not published; else only
 * what the hub is known not to have does: another program may have fetched the weights without their preprocessing.
 */
async function isComplete(cache: ModelCache, commit: string, offline: boolean): Promise<boolean> {
  const files = await cachedFiles(cache, commit);
  const isSettled = async (name: string): Promise<boolean> => {
    return offline || files.has(name) || (await isKnownAbsent(cache, commit, name));
  };
  if (!(await isSettled(CONFIG_FILE)) || !(await isSettled(PREPROCESSOR_FILE))) return false;
  if (files.has(WEIGHTS_FILE)) return true;
  if (files.has(INDEX_FILE)) {
    const { shards } = await readShardIndex(join(snapshotFolder(cache, commit), INDEX_FILE));
    return [...shards.keys()].every((shard) => files.has(shard));
  }
  const numArchives = [...files].filter((name) => name.endsWith('.npz')).length;
  return numArchives === 1 && (await isSettled(WEIGHTS_FILE)) && (await isSettled(INDEX_FILE));
}

async function fetchSnapshot(
  connection: HubConnection,
  cache: ModelCache,
  options: { readonly onProgress: SnapshotOptions['onProgress']; readonly retryDelay: number },
): Promise<string> {
  const { id } = connection;
  const { commit, files } = await readRepository(connection);
  const folder = snapshotFolder(cache, commit);
  const bring = async (name: string): Promise<void> => {
    const file = files.get(name);
    if (file === undefined) {
      throw new HubError('HUB_NOT_FOUND', `${formatHubId(id)}: expected ${name} among its files, where it is not`);
    }
    await downloadBlob(connection, cache, commit, file, options);
    await linkBlob(cache, file.etag, commit, name);
  };
  const weights = weightsAmong([...files.keys()], formatHubId(id));
  for (const name of [CONFIG_FILE, PREPROCESSOR_FILE]) if (files.has(name)) await bring(name);
  await bring(weights);
  if (weights === INDEX_FILE) {
    const { shards } = await readShardIndex(join(folder, INDEX_FILE));
    for (const shard of shards.keys()) await bring(shard);
  }
  for (const name of [CONFIG_FILE, PREPROCESSOR_FILE, WEIGHTS_FILE, INDEX_FILE]) {
    if (!files.has(name)) await rememberAbsent(cache, commit, name);
  }
  // Last, so that the revision stands for a whole snapshot; a broken download leaves it at the one before.
  await rememberCommit(cache, id.revision, commit);
  return folder;
}
