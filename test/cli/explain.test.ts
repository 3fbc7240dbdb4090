import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { BUILT_IN_EXAMPLE } from '../../src/use-cases/explain/example.ts';
import { SHAPES, SHAPES_VIT } from '../support/shapes-vit.ts';
import { patchlens } from './harness.ts';

const STAR = [`${SHAPES}star/gold.png`, '--model', SHAPES_VIT];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-explain-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('patchlens explain', () => {
  it('prints the worked example to two decimals', async () => {
    const { code, stdout, stderr } = await patchlens(['explain']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/queries: q = a·Wq\n +a1 +1\.00 +2\.00\n +a2 +1\.00 +1\.00\n/);
    expect(stdout).toMatch(/keys: k = a·Wk\n +a1 +1\.00 +0\.00\n +a2 +0\.00 +1\.00\n/);
    expect(stdout).toMatch(/scaled scores: .*\n +a1 +a2\n +a1 +0\.71 +1\.41\n/);
    expect(stdout).toMatch(/weights: .*\n +a1 +a2\n +a1 +0\.33 +0\.67\n/);
    expect(stdout).toMatch(/weighted sums: .*\n +a1 +1\.00 +0\.33\n/);
  });

  it('changes with --wk, and shows what a mask hides', async () => {
    const { stdout } = await patchlens(['explain', '--wk', '[[1,0],[0,1]]', '--mask', 'causal']);
    expect(stdout).toMatch(/scores: q·k\n +a1 +a2\n +a1 +3\.00 +1\.00\n/);
    expect(stdout).toMatch(/scaled scores: .*\n.*\n +a1 +2\.12 +masked\n/);
    expect(stdout).toMatch(/weights: .*\n.*\n +a1 +1\.00 +0\.00\n/);
  });

  it('takes the example from a JSON file and gives JSON', async () => {
    const path = join(folder, 'example.json');
    await writeFile(path, JSON.stringify({ ...BUILT_IN_EXAMPLE, tokens: ['the', 'cat\u001b[2J'] }));
    const { code, stdout } = await patchlens(['explain', path, '--format', 'json']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('\u001b');
    const explanation = JSON.parse(stdout);
    expect(explanation.keyTokens).toEqual(['the', 'cat\u001b[2J']);
    expect(explanation.heads[0].scores).toEqual([
      [1, 2],
      [1, 1],
    ]);
    const text = await patchlens(['explain', path]);
    expect(text.stdout).toContain('cat\\x1b[2J');
  });

  it('writes a page, whole or not at all', async () => {
    const path = join(folder, 'page.html');
    expect(await patchlens(['explain', '--output', path])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await readFile(path, 'utf8')).toMatch(/^<!doctype html>.*<\/html>\n$/s);
    const failed = join(folder, 'failed.html');
    expect((await patchlens(['explain', '--wk', '[[1]]', '--output', failed])).code).toBe(2);
    await expect(readFile(failed)).rejects.toThrow('ENOENT');
  });

  it('trains, and shows the weight before, during and after', async () => {
    const { code, stdout } = await patchlens(['explain', '--train']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/the weight of cat -> mat\n +step +loss +weight\n +0 .*\n +30 .*\n +300 .*\n/);
  });

  it('explains a patch of an image', async () => {
    const { code, stdout } = await patchlens(['explain', ...STAR, '--layer', '0', '--patch', '1,2']);
    expect(code).toBe(0);
    expect(stdout).toContain('patch 1,2 in layer 0, head 0');
  });

  it.each([
    [['explain', '--wk', 'nonsense'], 'Expected JSON, as [[1,0],[0,1]].'],
    [['explain', '--patch', '3'], 'Expected row,column, as 3,4.'],
    [['explain', '--layer', 'x'], 'Expected a whole number of 0 or more.'],
    [['explain', 'no-such.json'], 'no-such.json: expected a JSON file, but it cannot be read'],
    [['explain', '--wk', '[[1,0]]'], 'example.wk: expected 2 rows, got 1'],
    [['explain', ...STAR, '--layer', '9'], 'layer: expected a whole number from 0 to 3, got 9'],
  ])('%j fails with 2 and one line', async (argv, message) => {
    const { code, stdout, stderr } = await patchlens(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
