import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeEach, describe, expect, test, vi } from 'vitest';

import { HubError, ModelNotFoundError } from '../../../src/errors.ts';
import { readCheckpoint } from '../../../src/weights/checkpoint.ts';
import type { DownloadProgress } from '../../../src/weights/hub/download.ts';
import {
  ARRAY,
  COMMIT,
  CONFIG,
  NAME,
  WEIGHTS,
  blobs,
  cache,
  home,
  hub,
  serve,
  serveTiny,
  snapshot,
  storage,
} from '../../support/hub.ts';
import { gitHashOf, sha256Of } from '../../support/hub-server.ts';
import { float32Bytes, writeNpy, writeZip } from '../../support/write-npz.ts';
import { writeSafetensors } from '../../support/write-safetensors.ts';

describe('a model that is not in the cache', () => {
  test('is laid down as huggingface_hub does: what a checkpoint needs and no more', async () => {
    await serveTiny();
    const folder = await snapshot();
    expect(folder).toBe(join(cache, 'snapshots', COMMIT));
    expect((await readCheckpoint(folder)).config).toEqual({ architecture: 'tiny' });
    expect((await readCheckpoint(folder)).arrays.get('a')).toEqual(ARRAY);
    expect((await readdir(folder)).toSorted()).toEqual(['config.json', 'model.safetensors']);
    expect((await blobs()).toSorted()).toEqual([gitHashOf(CONFIG), sha256Of(WEIGHTS)].toSorted());
    expect(await readlink(join(folder, 'model.safetensors'))).toBe(`../../blobs/${sha256Of(WEIGHTS)}`);
    expect(await readFile(join(cache, 'refs/main'), 'utf8')).toBe(COMMIT);
    expect((await readdir(join(cache, '.no_exist', COMMIT))).toSorted()).toEqual([
      'model.safetensors.index.json',
      'preprocessor_config.json',
    ]);
  });

  test('is asked for once: afterwards no request is made, at any revision of the commit', async () => {
    await serveTiny();
    const folder = await snapshot();
    await hub.close();
    await storage.close();
    const numRequests = hub.requests.length;
    expect(await snapshot()).toBe(folder);
    expect(await snapshot(`${NAME}@${COMMIT}`)).toBe(folder);
    expect(hub.requests).toHaveLength(numRequests);
  });

  test('may be asked for at a tag, a pull request or a commit', async () => {
    await serveTiny();
    await snapshot(`${NAME}@v1`);
    expect(await readFile(join(cache, 'refs/v1'), 'utf8')).toBe(COMMIT);
    await snapshot(`${NAME}@refs/pr/7`);
    expect(await readFile(join(cache, 'refs/refs/pr/7'), 'utf8')).toBe(COMMIT);
    await rm(cache, { recursive: true });
    await snapshot(`${NAME}@${COMMIT}`);
    expect(await readdir(cache)).not.toContain('refs');
    expect(hub.requests.every(({ line }) => !line.includes('resolve') || line.includes(`resolve/${COMMIT}/`))).toBe(
      true,
    );
  });

  test('brings all its shards', async () => {
    const shard = writeSafetensors(new Map([['b', { shape: [1], data: Float32Array.of(7) }]]));
    const index = { weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } };
    const shards = { 'model-1.safetensors': WEIGHTS, 'model-2.safetensors': shard };
    await serve({ 'model.safetensors.index.json': JSON.stringify(index), ...shards, 'model-3.safetensors': shard });
    const { arrays } = await readCheckpoint(await snapshot());
    expect([...arrays.keys()]).toEqual(['a', 'b']);
    const numRequests = hub.requests.length;
    await snapshot();
    expect(hub.requests).toHaveLength(numRequests);
    await rm(join(cache, 'snapshots', COMMIT, 'model-2.safetensors'));
    await snapshot();
    expect(hub.requests.length).toBeGreaterThan(numRequests);
  });

  test('may be an .npz', async () => {
    await serve({ 'ViT-B_16.npz': writeZip([{ name: 'a.npy', bytes: writeNpy([1], float32Bytes([7])) }]) });
    expect((await readCheckpoint(await snapshot())).arrays.get('a')!.data).toEqual(Float32Array.of(7));
    const numRequests = hub.requests.length;
    await snapshot();
    expect(hub.requests).toHaveLength(numRequests);
  });

  test('is refused when it has pickles only, with the way to convert them', async () => {
    await serve({ 'config.json': CONFIG, 'pytorch_model.bin': 'x' });
    await expect(snapshot()).rejects.toThrow(ModelNotFoundError);
    await expect(snapshot()).rejects.toThrow(
      /^org\/name: expected model\.safetensors, .* safetensors\.torch\.save_file/,
    );
    expect(await blobs()).toEqual([]);
  });

  test('tells how far each file is', async () => {
    await serveTiny();
    const events: DownloadProgress[] = [];
    await snapshot(`${NAME}@v1`, { onProgress: (event) => events.push(event) });
    const of = (name: string) => events.filter(({ file }) => file === name);
    expect(of('config.json')).toEqual(
      [0, CONFIG.length].map((receivedBytes) => {
        return { model: 'org/name@v1', file: 'config.json', receivedBytes, totalBytes: CONFIG.length };
      }),
    );
    expect(of('model.safetensors').at(0)!.receivedBytes).toBe(0);
    expect(of('model.safetensors').at(-1)!.receivedBytes).toBe(WEIGHTS.length);
    events.length = 0;
    await snapshot(`${NAME}@v1`, { onProgress: (event) => events.push(event) });
    expect(events).toEqual([]);
  });

  test('leaves standard output and the console alone', async () => {
    await serveTiny();
    const methods = ['log', 'info', 'debug', 'warn', 'error'] as const;
    const spies = [vi.spyOn(process.stdout, 'write'), ...methods.map((method) => vi.spyOn(console, method))];
    await snapshot();
    const calls = spies.map((spy) => spy.mock.calls.length);
    vi.restoreAllMocks();
    expect(calls).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('is downloaded twice at once without harm', async () => {
    await serveTiny();
    const [first, second] = await Promise.all([snapshot(), snapshot()]);
    expect(first).toBe(second);
    expect((await readCheckpoint(first)).arrays.get('a')).toEqual(ARRAY);
    expect(await blobs()).toHaveLength(2);
  });
});

describe('a cache that another program has filled', () => {
  beforeEach(async () => {
    await serveTiny();
    const folder = join(cache, 'snapshots', COMMIT);
    await mkdir(folder, { recursive: true });
    await mkdir(join(cache, 'refs'));
    await writeFile(join(cache, 'refs/main'), COMMIT);
    await writeFile(join(folder, 'config.json'), CONFIG);
    await writeFile(join(folder, 'model.safetensors'), WEIGHTS);
  });

  test('is not trusted to hold all there is, but asked about the preprocessing', async () => {
    await snapshot();
    expect(hub.requests.length).toBeGreaterThan(0);
  });

  test('is enough where it says that there is none', async () => {
    await mkdir(join(cache, '.no_exist', COMMIT), { recursive: true });
    await writeFile(join(cache, '.no_exist', COMMIT, 'preprocessor_config.json'), '');
    await snapshot();
    expect(hub.requests).toEqual([]);
  });

  test('is taken as it is offline', async () => {
    expect(await snapshot(NAME, { environment: { HF_HUB_OFFLINE: '1' } })).toBe(join(cache, 'snapshots', COMMIT));
    await rm(join(cache, 'snapshots', COMMIT, 'model.safetensors'));
    const missing = snapshot(NAME, { environment: { HF_HUB_OFFLINE: '1' } });
    await expect(missing).rejects.toThrow(expect.objectContaining({ code: 'HUB_OFFLINE' }));
    await expect(missing).rejects.toThrow('Unset HF_HUB_OFFLINE');
    expect(hub.requests).toEqual([]);
  });

  test('does not count with links out of the model’s folder', async () => {
    const path = join(cache, 'snapshots', COMMIT, 'model.safetensors');
    await writeFile(join(home, 'elsewhere'), 'x');
    await rm(path);
    await symlink(join(home, 'elsewhere'), path);
    await expect(snapshot(NAME, { environment: { HF_HUB_OFFLINE: '1' } })).rejects.toThrow(HubError);
    await snapshot();
    expect(await readlink(path)).toBe(`../../blobs/${sha256Of(WEIGHTS)}`);
    expect(await readFile(join(home, 'elsewhere'), 'utf8')).toBe('x');
  });
});
