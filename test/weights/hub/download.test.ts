import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { basename, join } from 'node:path';

import { afterEach, describe, expect, test, vi } from 'vitest';

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
  failTimes,
  hub,
  serveTiny,
  snapshot,
  storage,
} from '../../support/hub.ts';
import { gitHashOf, sha256Of } from '../../support/hub-server.ts';

describe('a download that breaks', () => {
  afterEach(() => void vi.useRealTimers());
  const HALF = WEIGHTS.length / 2;
  /** Sends the first half with the length of the whole, then `end`s. */
  const half = (end: (response: ServerResponse) => void) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-length': WEIGHTS.length });
    response.write(WEIGHTS.subarray(0, HALF), () => end(response));
  };
  const cut = half((response) => response.destroy());

  test('goes on where it broke', async () => {
    await serveTiny();
    storage.intercept = failTimes(1, cut);
    const folder = await snapshot();
    expect((await readCheckpoint(folder)).arrays.get('a')).toEqual(ARRAY);
    expect(storage.requests).toHaveLength(2);
    expect(storage.requests[1]!.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  test('begins anew where the server does', async () => {
    await serveTiny();
    let count = 0;
    storage.intercept = (_, response) => {
      count += 1;
      if (count === 1) cut(response);
      else response.end(WEIGHTS);
      return true;
    };
    const received: number[] = [];
    const folder = await snapshot(NAME, { onProgress: ({ receivedBytes }) => received.push(receivedBytes) });
    expect((await readCheckpoint(folder)).arrays.get('a')).toEqual(ARRAY);
    expect(received.filter((bytes) => bytes === 0)).toHaveLength(3);
  });

  test('is given up after five attempts, and is not taken for a whole one', async () => {
    await serveTiny();
    storage.intercept = failTimes(5, (response) => response.destroy());
    await expect(snapshot()).rejects.toThrow(expect.objectContaining({ code: 'HUB_UNREACHABLE' }));
    expect(storage.requests).toHaveLength(5);
    expect(await blobs()).toEqual([gitHashOf(CONFIG)]);
    expect(await readdir(cache)).not.toContain('refs');
    const offline = snapshot(NAME, { environment: { HF_HUB_OFFLINE: '1' } });
    await expect(offline).rejects.toThrow(expect.objectContaining({ code: 'HUB_OFFLINE' }));
    expect((await readCheckpoint(await snapshot())).arrays.get('a')).toEqual(ARRAY);
  });

  test('because nothing comes any more is given up after the idle timeout', async () => {
    await serveTiny();
    storage.intercept = failTimes(
      5,
      half(() => undefined),
    );
    const failed = snapshot(NAME, { idleTimeout: 50 });
    await expect(failed).rejects.toThrow(expect.objectContaining({ code: 'HUB_UNREACHABLE' }));
    await expect(failed).rejects.toThrow('got no byte for 0.05 s');
    expect(await blobs()).toEqual([gitHashOf(CONFIG)]);
  });

  test('may take longer than the idle timeout while bytes come', async () => {
    await serveTiny();
    const quarter = (i: number): Uint8Array =>
      WEIGHTS.subarray((i * WEIGHTS.length) / 4, ((i + 1) * WEIGHTS.length) / 4);
    let answer: ServerResponse | undefined;
    storage.intercept = (_, response) => {
      answer = response;
      response.write(quarter(0));
      return true;
    };
    let numSent = 1;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const onProgress = ({ receivedBytes }: DownloadProgress): void => {
      if (receivedBytes !== (numSent * WEIGHTS.length) / 4) return;
      vi.advanceTimersByTime(20_000);
      if (numSent < 4) answer?.write(quarter(numSent));
      else answer?.end();
      numSent += 1;
    };
    await snapshot(NAME, { idleTimeout: 30_000, onProgress });
    expect(storage.requests).toHaveLength(1);
  });

  test('because no answer comes is given up too', async () => {
    await serveTiny();
    hub.intercept = () => true;
    await expect(snapshot(NAME, { idleTimeout: 50 })).rejects.toThrow('got no byte for 0.05 s');
  });

  test.each([
    ['too few bytes', (response: ServerResponse) => response.end(WEIGHTS.subarray(0, HALF)), /got 200\d+ bytes/],
    ['too many bytes', (response: ServerResponse) => response.end(Buffer.concat([WEIGHTS, WEIGHTS])), /got more bytes/],
    [
      'other bytes',
      (response: ServerResponse) => response.end(WEIGHTS.map((byte) => byte ^ 1)),
      /got bytes of another hash/,
    ],
    [
      'another part',
      (response: ServerResponse) => response.writeHead(206, { 'content-range': 'bytes 7-9/10' }).end(WEIGHTS),
      /got another part of the file/,
    ],
  ])('%s are refused and leave nothing behind', async (_, fault, message) => {
    await serveTiny();
    storage.intercept = failTimes(1, fault);
    const failed = snapshot();
    await expect(failed).rejects.toThrow(expect.objectContaining({ code: 'HUB_DOWNLOAD_CORRUPT' }));
    await expect(failed).rejects.toThrow(message);
    expect(await blobs()).toEqual([gitHashOf(CONFIG)]);
    expect(await readdir(join(cache, 'snapshots', COMMIT))).toEqual(['config.json']);
    await snapshot();
    expect(await blobs()).toContain(sha256Of(WEIGHTS));
  });

  test('because the caller aborts rejects with the caller’s reason', async () => {
    await serveTiny();
    await expect(snapshot(NAME, { signal: AbortSignal.abort('before') })).rejects.toBe('before');
    expect(hub.requests).toEqual([]);
    const asking = new AbortController();
    hub.intercept = () => {
      asking.abort('while asking');
      return true;
    };
    await expect(snapshot(NAME, { signal: asking.signal })).rejects.toBe('while asking');
    hub.intercept = () => false;
    const controller = new AbortController();
    storage.intercept = failTimes(
      1,
      half(() => controller.abort('within')),
    );
    await expect(snapshot(NAME, { signal: controller.signal })).rejects.toBe('within');
    expect(await blobs()).toEqual([gitHashOf(CONFIG)]);
  });

  test('waits before it goes on, and not after an abort', async () => {
    await serveTiny();
    const controller = new AbortController();
    storage.intercept = failTimes(1, (response) => {
      response.destroy();
      setImmediate(() => controller.abort('meanwhile'));
    });
    const waiting = snapshot(NAME, { signal: controller.signal, retryDelay: 600_000 });
    await expect(waiting).rejects.toBe('meanwhile');
  });

  test('by a kill leaves bytes that a later download removes, once they are old', async () => {
    await serveTiny();
    const leftover = join(cache, 'blobs', `${sha256Of(WEIGHTS)}.old.incomplete`);
    const running = join(cache, 'blobs', `${sha256Of(WEIGHTS)}.new.incomplete`);
    await mkdir(join(cache, 'blobs'), { recursive: true });
    await writeFile(leftover, 'x');
    await utimes(leftover, 0, 0);
    await writeFile(running, 'x');
    await snapshot();
    expect((await blobs()).filter((name) => name.endsWith('.incomplete'))).toEqual([basename(running)]);
  });
});
