import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const preload = new URL('list-modules.mjs', import.meta.url).href;
const SHIP = fileURLToPath(new URL('../../images/ship/sails.jpg', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-modules-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What the built command loads: folders of its own code, and packages. */
async function loadedBy(name: string, argv: readonly string[]) {
  const list = join(folder, name);
  const child = spawn(process.execPath, ['--import', preload, main, ...argv], {
    env: { ...process.env, MODULE_LIST: list },
    stdio: 'ignore',
  });
  const [code] = await once(child, 'exit');
  const urls = (await readFile(list, 'utf8')).split('\n');
  const among = (pattern: RegExp) => [...new Set(urls.flatMap((url) => pattern.exec(url)?.[1] ?? []))].toSorted();
  return { code: Number(code), folders: among(/\/dist\/([\w-]+)\/(?!.*node_modules)/), packages: among(PACKAGE) };
}

const PACKAGE = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/;

// Loading modules is most of what a first answer takes, so that one more import somewhere costs every user of the command.
describe.skipIf(!existsSync(main))('what the built command loads (skipped without dist: npm run build)', () => {
  it.concurrent.each([
    ['--version', ['--version']],
    ['a usage error', ['classify', '--no-such-option']],
  ])('for %s is nothing of the library', async (name, argv) => {
    const { folders, packages } = await loadedBy(name, argv);
    expect(folders).toEqual(['cli']);
    expect(packages.filter((found) => !OF_THE_COMMAND_LINE.has(found))).toEqual([]);
  });

  it.concurrent('to classify is a Vision Transformer on one backend, an image decoder and a schema checker', async () => {
    const { code, folders, packages } = await loadedBy('classify', [
      'classify',
      SHIP,
      '--backend',
      'cpu',
      '--format',
      'json',
    ]);
    expect(code).toBe(0);
    expect(folders).toEqual([
      'api',
      'cli',
      'image',
      'labels',
      'metrics',
      'nn',
      'tensor',
      'use-cases',
      'vit',
      'weights',
    ]);
    expect(packages.filter((found) => !OF_AN_ANSWER.has(found) && !OF_SHARP.test(found))).toEqual([]);
  });
});

/** With what they bring. */
const OF_THE_COMMAND_LINE = new Set([
  'ansi-regex',
  'cli-progress',
  'cli-table3',
  'commander',
  'csv-stringify',
  'emoji-regex',
  'is-fullwidth-code-point',
  'picocolors',
  'string-width',
  'strip-ansi',
]);
const OF_AN_ANSWER = new Set([
  '@tensorflow/tfjs-backend-cpu',
  '@tensorflow/tfjs-core',
  'commander',
  'iota-array',
  'is-buffer',
  'ndarray',
  'picocolors',
  'seedrandom',
  'sharp',
  'zod',
]);
const OF_SHARP = /^(?:@img\/.*|detect-libc|semver)$/;
