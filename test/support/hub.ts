import type { ServerResponse } from 'node:http';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach } from 'vitest';

import { snapshotOf } from '../../src/weights/hub/snapshot.ts';
import type { SnapshotOptions } from '../../src/weights/hub/snapshot.ts';
import { startHub, startStorage } from './hub-server.ts';
import type { HubModel, HubServer, Interception } from './hub-server.ts';
import { writeSafetensors } from './write-safetensors.ts';

export const NAME = 'org/name';
export const COMMIT = '0123456789abcdef0123456789abcdef01234567';
export const CONFIG = '{"architecture": "tiny"}';
const LENGTH = 100_003;
export const ARRAY = { shape: [LENGTH], data: Float32Array.from({ length: LENGTH }, (_, i) => i) };
export const WEIGHTS = writeSafetensors(new Map([['a', ARRAY]]));

// Anew for each test of a file that imports them: an empty HF_HOME, the model's folder in it, and the two servers that
// `serve` starts.
export let home: string;
export let cache: string;
export let hub: HubServer;
export let storage: HubServer;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'patchlens-'));
  cache = join(home, 'hub/models--org--name');
});

afterEach(async () => {
  await hub.close();
  await storage.close();
  await rm(home, { recursive: true });
});

/** Publishes a model with these files. */
export async function serve(files: HubModel['files']): Promise<void> {
  const model: HubModel = { name: NAME, commit: COMMIT, revisions: ['main', 'v1', 'refs/pr/7'], files };
  storage = await startStorage(model);
  hub = await startHub(model, storage.url);
}

/** Publishes a small configuration and weights large enough to be stored elsewhere. */
export function serveTiny(): Promise<void> {
  return serve({ 'config.json': CONFIG, 'model.safetensors': WEIGHTS, 'README.md': 'x', 'pytorch_model.bin': 'x' });
}

/** `snapshotOf` with the test's own servers and cache, and without waiting between attempts. */
export function snapshot(text = NAME, options: SnapshotOptions = {}): Promise<string> {
  const environment = { HF_HOME: home, HF_ENDPOINT: hub.url, ...options.environment };
  return snapshotOf(text, { retryDelay: 0, ...options, environment });
}

/** The names of the contents in the cache, finished or not. */
export function blobs(): Promise<string[]> {
  return readdir(join(cache, 'blobs')).catch(() => []);
}

/** Answers the first requests with a fault, the later ones as the server does. */
export function failTimes(times: number, fault: (response: ServerResponse) => void): Interception {
  let count = 0;
  return (_, response) => {
    count += 1;
    if (count <= times) fault(response);
    return count <= times;
  };
}
