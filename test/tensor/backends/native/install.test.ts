import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const SOURCES = fileURLToPath(new URL('../../../../src/tensor/backends/native/', import.meta.url));

describe('the install script where the kernels cannot be compiled', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'patchlens-install-'));
    copyFileSync(join(SOURCES, 'install.mjs'), join(folder, 'install.mjs'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('says so in one line, succeeds, and leaves nothing behind', () => {
    const env = { ...process.env, PATH: folder, CXX: '' };
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'install.mjs')], {
      env,
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/^patchlens: the native backend was not compiled, so wasm computes instead: .+\n$/);
    expect(readdirSync(folder)).toEqual(['install.mjs']);
  });

  test.skipIf(process.platform === 'win32')('keeps the log of a build that failed and names it', () => {
    // No binding.gyp lies beside the copy, so node-gyp gives up at once; any command will do for a compiler.
    const env = { ...process.env, CXX: process.execPath };
    const { status, stderr } = spawnSync(process.execPath, [join(folder, 'install.mjs')], { env, encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    if (stderr.includes('the build failed')) expect(readdirSync(folder)).toContain('build.log');
    expect(readdirSync(folder)).not.toContain('patchlens.node');
  });
});
