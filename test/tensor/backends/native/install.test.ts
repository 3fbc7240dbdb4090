import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

describe('the install script beside a prebuilt binary', () => {
  const compiled = join(SOURCES, 'patchlens.node');
  let folder = '';
  let prebuilt = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'patchlens-prebuilt-'));
    prebuilt = join(folder, 'prebuilt', `${process.platform}-${process.arch}`);
    mkdirSync(prebuilt, { recursive: true });
    copyFileSync(join(SOURCES, 'install.mjs'), join(folder, 'install.mjs'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const install = (): string =>
    spawnSync(process.execPath, [join(folder, 'install.mjs')], {
      env: { ...process.env, PATH: folder, CXX: '' },
      encoding: 'utf8',
    }).stderr;

  test('compiles all the same when the binary does not load', () => {
    writeFileSync(join(prebuilt, 'patchlens.node'), 'for another processor');
    expect(install()).toMatch(/^patchlens: the native backend was not compiled, .+\n$/);
  });

  test.skipIf(!existsSync(compiled))('takes one that loads, and says so', () => {
    copyFileSync(compiled, join(prebuilt, 'patchlens.node'));
    expect(install()).toBe(
      `patchlens: the native backend is the prebuilt binary for ${process.platform}-${process.arch}\n`,
    );
    expect(readdirSync(folder).toSorted()).toEqual(['install.mjs', 'prebuilt']);
  });
});
