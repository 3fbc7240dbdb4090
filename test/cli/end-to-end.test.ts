import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { GOLDEN_FOLDER } from '../support/goldens.ts';
import { startHub, startStorage } from '../support/hub-server.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command as a process of its own: what Node itself makes of its imports, pipes and exit codes. */
function patchlens(
  argv: readonly string[],
  stdin: Uint8Array | string = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...argv], { env: { ...process.env, ...env, NO_COLOR: '1' } });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(stdin);
  });
}

describe.skipIf(!existsSync(main))('the built command (skipped without dist: npm run build)', () => {
  it('explains itself', async () => {
    const { code, stdout, stderr } = await patchlens(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Usage: patchlens');
  });

  it('ends with 2 for a wrong option', async () => {
    expect(await patchlens(['classify', 'a.jpg', '--topk', '3'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "patchlens: unknown option '--topk' (Did you mean --top-k?)\n",
    });
  });

  it('ends with 3 when nothing matches and with 4 when there is no such model', async () => {
    expect(await patchlens(['classify', 'no-such-folder/*.jpg'])).toMatchObject({ code: 3, stdout: '' });
    const missing = await patchlens(['classify', 'a.jpg', '--model', 'no/such/model']);
    expect(missing).toMatchObject({ code: 4, stdout: '' });
    expect(missing.stderr).toMatch(/^patchlens: [^\n]+\n$/);
  });

  it('classifies an image from standard input with the embedded model, beside a file that is missing', async () => {
    const create = { width: 48, height: 32, channels: 3, background: 'teal' } as const;
    const png = await sharp({ create }).png().toBuffer();
    const { code, stdout, stderr } = await patchlens(['classify', '-', 'gone.jpg', '--format', 'json', '-q'], png);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'patchlens: 1 of 2 images could not be classified\n' });
    expect(JSON.parse(stdout)).toMatchObject([
      {
        path: '-',
        status: 'ok',
        predictions: expect.arrayContaining([{ index: 0, label: expect.any(String), probability: expect.any(Number) }]),
      },
      { path: 'gone.jpg', status: 'error', error: { code: 'IMAGE_NOT_FOUND' } },
    ]);
  });

  it('diagnoses the machine', async () => {
    const { code, stdout } = await patchlens(['doctor', '--format', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ auto: expect.any(String) });
  });

  it('downloads a hub model once, with nothing but results on standard output, and then needs no network', async () => {
    const model = readdirSync(`${GOLDEN_FOLDER}vit-tiny-random`).filter((name) => /^(config|model)\./.test(name));
    const files = Object.fromEntries(
      model.map((name) => [name, readFileSync(`${GOLDEN_FOLDER}vit-tiny-random/${name}`)]),
    );
    const published = { name: 'org/name', commit: 'a'.repeat(40), revisions: ['main'], files };
    const storage = await startStorage(published);
    const hub = await startHub(published, storage.url);
    const home = await mkdtemp(join(tmpdir(), 'patchlens-'));
    const env = { HF_HOME: home, HF_ENDPOINT: hub.url, HF_TOKEN: '', HF_HUB_OFFLINE: '' };
    const picture = `${GOLDEN_FOLDER}pictures/landscape.png`;
    const argv = ['classify', picture, '--model', 'org/name', '--top-k', '1', '--format', 'jsonl'];
    try {
      const first = await patchlens(argv, '', env);
      expect(first).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(first.stdout)).toMatchObject({ status: 'ok', predictions: [{ label: 'cat' }] });
      const numRequests = hub.requests.length;
      expect(numRequests).toBeGreaterThan(0);
      expect(await patchlens(argv, '', { ...env, HF_HUB_OFFLINE: '1' })).toEqual(first);
      expect(hub.requests.length).toBe(numRequests);
    } finally {
      await hub.close();
      await storage.close();
      await rm(home, { recursive: true });
    }
  });
});
