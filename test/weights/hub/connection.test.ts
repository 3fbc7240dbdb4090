import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { ArgumentError, HubError } from '../../../src/errors.ts';
import { NAME, WEIGHTS, cache, home, hub, serveTiny, snapshot, storage } from '../../support/hub.ts';
import { refuse, sendJson } from '../../support/hub-server.ts';
import type { HubServer } from '../../support/hub-server.ts';

const tokens = ({ requests }: HubServer) => requests.map(({ token }) => token);

describe('the token', () => {
  const environment = { HF_TOKEN: 'hf_secret' };

  test('goes to the hub, and to no other host that it redirects to', async () => {
    await serveTiny();
    await snapshot(NAME, { environment });
    expect(new Set(tokens(hub))).toEqual(new Set(['Bearer hf_secret']));
    expect(tokens(storage)).toEqual([undefined]);
  });

  test('does not come back from another host to the hub', async () => {
    await serveTiny();
    storage.intercept = (_, response) => {
      response.writeHead(302, { location: `${hub.url}/back` }).end();
      return true;
    };
    hub.intercept = (request, response) => {
      if (request.url !== '/back') return false;
      response.end(WEIGHTS);
      return true;
    };
    await snapshot(NAME, { environment });
    expect(hub.requests.find(({ line }) => line === 'GET /back')!.token).toBeUndefined();
  });

  test('does not follow a listing to a page elsewhere', async () => {
    await serveTiny();
    hub.intercept = (request, response) => {
      if (request.url?.includes('/tree/') === true) response.setHeader('link', `<${storage.url}/next>; rel="next"`);
      return false;
    };
    storage.intercept = (request, response) => {
      if (request.url !== '/next') return false;
      sendJson(response, []);
      return true;
    };
    await snapshot(NAME, { environment });
    expect(storage.requests.map(({ line }) => line)).toContain('GET /next');
    expect(new Set(tokens(storage))).toEqual(new Set([undefined]));
  });

  test('is not repeated in errors', async () => {
    await serveTiny();
    hub.intercept = (_, response) => {
      refuse(response, 401, '');
      return true;
    };
    const error = await snapshot(NAME, { environment }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(HubError);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hf_secret');
  });
});

describe('a refusal says what to do', () => {
  const environment = { HF_TOKEN: 'hf_secret' };
  test.each([
    ['no such model', 404, 'RepoNotFound', {}, 'HUB_NOT_FOUND', 'Check the name. For a private model, set HF_TOKEN.'],
    ['a model that asks who is there', 401, 'RepoNotFound', {}, 'HUB_NOT_FOUND', 'For a private model, set HF_TOKEN.'],
    ['a private model of others', 404, 'RepoNotFound', { environment }, 'HUB_NOT_FOUND', 'HF_TOKEN may not see it.'],
    ['no such revision', 404, 'RevisionNotFound', {}, 'HUB_NOT_FOUND', 'expected a branch, tag or commit of org/name'],
    ['a gated model', 403, 'GatedRepo', { environment }, 'HUB_FORBIDDEN', '/org/name and set HF_TOKEN'],
    ['a gated model, unasked', 401, 'GatedRepo', {}, 'HUB_FORBIDDEN', 'a licence to accept first'],
    [
      'a token that is not valid',
      401,
      '',
      { environment },
      'HUB_FORBIDDEN',
      'Set HF_TOKEN to a token that may read it',
    ],
    ['a token that may not', 403, '', { environment }, 'HUB_FORBIDDEN', 'Set HF_TOKEN to a token that may read it'],
    ['too many requests', 429, '', {}, 'HUB_UNREACHABLE', 'got status 429'],
    ['a hub that is ill', 503, '', {}, 'HUB_UNREACHABLE', 'Try later'],
    ['something else', 418, '', {}, 'HUB_ANSWER_INVALID', 'got status 418'],
  ])('%s', async (_, status, reason, options, code, message) => {
    await serveTiny();
    hub.intercept = (_request, response) => {
      refuse(response, status, reason);
      return true;
    };
    const error: unknown = await snapshot(NAME, options).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(HubError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error).toMatchObject({ message: expect.stringMatching(/^org\/name: expected /) });
  });

  test('a model that the hub does not have', async () => {
    await serveTiny();
    await expect(snapshot('org/other')).rejects.toThrow(/^org\/other: expected a model on http.*, got none/);
    await expect(snapshot('org/name@v2')).rejects.toThrow('org/name@v2: expected a branch, tag or commit of org/name');
  });

  test('weights that are gated while the list of files is not', async () => {
    await serveTiny();
    hub.intercept = (request, response) => {
      if (request.url?.endsWith('/model.safetensors') !== true) return false;
      refuse(response, 403, 'GatedRepo');
      return true;
    };
    await expect(snapshot()).rejects.toThrow(expect.objectContaining({ code: 'HUB_FORBIDDEN' }));
    expect(await readdir(cache)).not.toContain('refs');
  });

  test('no hub at all', async () => {
    await serveTiny();
    await hub.close();
    await expect(snapshot()).rejects.toThrow(/expected an answer from http.*, got ECONNREFUSED\. Check the network/);
  });

  test('a text that is no id', async () => {
    await serveTiny();
    await expect(snapshot('../name')).rejects.toThrow(ArgumentError);
  });

  test('a cache that is no folder', async () => {
    await serveTiny();
    await writeFile(join(home, 'file'), '');
    const failed = snapshot(NAME, { environment: { HF_HUB_CACHE: join(home, 'file') } });
    await expect(failed).rejects.toThrow(expect.objectContaining({ code: 'HUB_CACHE_UNUSABLE' }));
    await expect(failed).rejects.toThrow(/expected a cache that can be written, got \w+\. Set HF_HUB_CACHE/);
  });
});
