import { once } from 'node:events';
import { readdir } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { ModelNotFoundError, WeightsError } from '../../../src/errors.ts';
import { readCheckpoint } from '../../../src/weights/checkpoint.ts';
import { blobs, home, hub, serve, serveTiny, snapshot } from '../../support/hub.ts';
import { sendJson } from '../../support/hub-server.ts';

describe('a hub that does not behave', () => {
  /** Replaces the list of files. */
  const list = (entries: unknown): void => {
    hub.intercept = (request, response) => {
      if (request.url?.includes('/tree/') !== true) return false;
      sendJson(response, entries);
      return true;
    };
  };
  const entry = { type: 'file', path: 'model.safetensors', size: 1, oid: 'a'.repeat(40) };

  test.each([
    ['a commit that is a path', { sha: '../../../x' }],
    ['no commit', {}],
    ['no JSON', undefined],
  ])('%s is refused', async (_, info) => {
    await serveTiny();
    hub.intercept = (_request, response) => {
      if (info === undefined) response.end('<html>');
      else sendJson(response, info);
      return true;
    };
    await expect(snapshot()).rejects.toThrow(expect.objectContaining({ code: 'HUB_ANSWER_INVALID' }));
    expect(await readdir(home)).toEqual([]);
  });

  test.each([
    ['a hash that is a path', [{ ...entry, oid: '../../../../x' }]],
    ['a large file’s hash that is a path', [{ ...entry, lfs: { oid: '/etc/x', size: 1 } }]],
    ['a negative size', [{ ...entry, size: -1 }]],
    ['a list of numbers', [7]],
    ['no list', { error: 'x' }],
    ['a list without end', Array.from({ length: 10_001 }, () => ({ ...entry, path: 'x' }))],
  ])('%s is refused', async (_, entries) => {
    await serveTiny();
    list(entries);
    await expect(snapshot()).rejects.toThrow(expect.objectContaining({ code: 'HUB_ANSWER_INVALID' }));
    expect(await readdir(home)).toEqual([]);
  });

  test.each(['../x.npz', '/x.npz', 'a/x.npz', 'a\\..\\x.npz', 'C:x.npz', 'x\0.npz'])(
    'the name %j is no file',
    async (path) => {
      await serveTiny();
      list([{ ...entry, path }]);
      await expect(snapshot()).rejects.toThrow(ModelNotFoundError);
      expect(await readdir(home)).toEqual([]);
    },
  );

  test.each(['../../../../x.safetensors', '/x.safetensors', 'a\\x.safetensors'])(
    'the shard %s is refused',
    async (shard) => {
      await serve({ 'model.safetensors.index.json': JSON.stringify({ weight_map: { a: shard } }), [shard]: 'x' });
      await expect(snapshot()).rejects.toThrow(WeightsError);
      expect(await readdir(home)).toEqual(['hub']);
      expect(await blobs()).toHaveLength(1);
    },
  );

  test('a shard that it does not have is named', async () => {
    await serve({ 'model.safetensors.index.json': '{"weight_map": {"a": "x.safetensors"}}' });
    await expect(snapshot()).rejects.toThrow('org/name: expected x.safetensors among its files, where it is not');
  });

  test('pages without end are refused', async () => {
    await serveTiny();
    hub.intercept = (request, response) => {
      if (request.url?.includes('/tree/') !== true) return false;
      response.setHeader('link', `<${hub.url}${request.url}>; rel="next"`);
      sendJson(response, []);
      return true;
    };
    await expect(snapshot()).rejects.toThrow('got RangeError: more than 32 pages');
  });

  test('an answer without end is refused', async () => {
    await serveTiny();
    const closed = new Promise<unknown>((resolve) => {
      hub.intercept = (_, response) => {
        const chunk = Buffer.alloc(2 ** 20, ' ');
        const more = (): void => {
          while (!response.destroyed && response.write(chunk));
        };
        response.on('drain', more);
        resolve(once(response, 'close'));
        more();
        return true;
      };
    });
    await expect(snapshot()).rejects.toThrow('got RangeError: more than 8388608 bytes');
    await closed;
  });

  test.each(['file:///etc/passwd', 'nonsense://x', 'http://'])('a redirect to %s is refused', async (location) => {
    await serveTiny();
    hub.intercept = (_, response) => {
      response.writeHead(302, { location }).end();
      return true;
    };
    await expect(snapshot()).rejects.toThrow(`to https, got "${location}"`);
  });

  test('a redirect without end is refused, one to another name of the model followed', async () => {
    await serveTiny();
    hub.intercept = (request, response) => {
      if (request.url?.includes('/old/') !== true) return false;
      response.writeHead(307, { location: request.url.replace('/old/', '/org/') }).end();
      return true;
    };
    const folder = await snapshot('old/name');
    expect((await readCheckpoint(folder)).config).toEqual({ architecture: 'tiny' });
    hub.intercept = (request, response) => {
      response.writeHead(307, { location: request.url }).end();
      return true;
    };
    await expect(snapshot()).rejects.toThrow('expected at most 8 redirects');
  });
});
