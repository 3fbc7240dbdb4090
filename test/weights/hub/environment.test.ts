import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { ArgumentError } from '../../../src/errors.ts';
import { cacheFolderOf, endpointOf, isOffline, tokenOf } from '../../../src/weights/hub/environment.ts';

test.each([
  [{}, join(homedir(), '.cache/huggingface/hub')],
  [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
  [{ XDG_CACHE_HOME: '/x', HF_HOME: '/h' }, '/h/hub'],
  [{ HF_HOME: '/h', HF_HUB_CACHE: '/c' }, '/c'],
  [{ HF_HOME: '', XDG_CACHE_HOME: '', HF_HUB_CACHE: '' }, join(homedir(), '.cache/huggingface/hub')],
  [{ HF_HUB_CACHE: '~/c' }, join(homedir(), 'c')],
  [{ HF_HUB_CACHE: '~c' }, '~c'],
])('%j puts the cache at %s', (environment, folder) => {
  expect(cacheFolderOf(environment)).toBe(folder);
});

test('offline is what Python takes for true', () => {
  const isOfflineAt = (value: string): boolean => isOffline({ HF_HUB_OFFLINE: value });
  expect(['1', 'true', 'YES', 'On'].map(isOfflineAt)).toEqual([true, true, true, true]);
  expect(['', '0', 'no', 'false', '2'].map(isOfflineAt)).toEqual([false, false, false, false, false]);
  expect(isOffline({})).toBe(false);
});

describe('the endpoint', () => {
  test('is the hub, or an address that stands for it', () => {
    expect(endpointOf({})).toBe('https://huggingface.co');
    expect(endpointOf({ HF_ENDPOINT: 'http://localhost:8080/hf//' })).toBe('http://localhost:8080/hf');
  });

  test.each(['hf-mirror.com', 'ftp://hf-mirror.com', 'https://user:password@hf-mirror.com', 'https://a?b=c'])(
    'is not %s, which the message does not repeat',
    (value) => {
      expect(() => endpointOf({ HF_ENDPOINT: value })).toThrow(ArgumentError);
      expect(() => endpointOf({ HF_ENDPOINT: value })).not.toThrow(value);
    },
  );
});

test('the token is HF_TOKEN, else the content of its file', async () => {
  const HF_HOME = await mkdtemp(join(tmpdir(), 'patchlens-'));
  expect(await tokenOf({ HF_HOME })).toBeUndefined();
  await writeFile(join(HF_HOME, 'token'), 'hf_file\n');
  await writeFile(join(HF_HOME, 'other'), 'hf_other');
  expect(await tokenOf({ HF_HOME })).toBe('hf_file');
  expect(await tokenOf({ HF_HOME, HF_TOKEN: '' })).toBe('hf_file');
  expect(await tokenOf({ HF_HOME, HF_TOKEN_PATH: join(HF_HOME, 'other') })).toBe('hf_other');
  expect(await tokenOf({ HF_HOME, HF_TOKEN: ' hf_variable\r\n' })).toBe('hf_variable');
  await expect(tokenOf({ HF_TOKEN: 'hf_s\necret' })).rejects.toThrow(ArgumentError);
  await expect(tokenOf({ HF_TOKEN: 'hf_s\necret' })).rejects.not.toThrow('ecret');
  await rm(HF_HOME, { recursive: true });
});
