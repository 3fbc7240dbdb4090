import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command as a process of its own: what Node itself makes of its imports, pipes and exit codes. */
function patchlens(argv: readonly string[], stdin: Uint8Array | string = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...argv], { env: { ...process.env, NO_COLOR: '1' } });
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
});
