import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Interruption } from '../../src/cli/exit.ts';
import { writeBiasedModel } from '../support/biased-model.ts';
import { SHAPES as IMAGES, SHAPES_VIT } from '../support/shapes-vit.ts';
import { capture, patchlens } from './harness.ts';

const QUICK = ['--backend', 'wasm', '--rounds', '0', '--no-memory', '--sample', '0'];

let folder = '';
let labelled = '';
let models: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-compare-'));
  labelled = join(folder, 'labelled');
  await cp(join(IMAGES, 'star'), join(labelled, 'star'), { recursive: true });
  await cp(join(IMAGES, 'heart'), join(labelled, 'heart'), { recursive: true });
  models = ['--models', SHAPES_VIT, await writeBiasedModel(join(folder, 'rival'), { class: 4, by: 30 })];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('patchlens compare', () => {
  it('prints a table of the models and a sentence for each pair', async () => {
    const { code, stdout, stderr } = await patchlens(['compare', labelled, ...models, ...QUICK]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [head, first, second, , verdict] = stdout.split('\n');
    expect(head).toMatch(/^Model +Top-1 +Top-5 +NLL +ECE +Parameters +MACs$/);
    expect(first).toMatch(/^shapes-vit +100\.0 % +100\.0 %/);
    expect(second).toMatch(/^rival +0\.0 % +100\.0 %/);
    expect(verdict).toBe(
      "No difference is shown between shapes-vit and rival: difference in top-1 +100.0 points, 95 % interval +100.0 to +100.0; McNemar's exact test, p = 0.13. They agree on 0.0 % of the images, with a mean divergence of 0.943 bits.",
    );
  });

  it('writes the report as JSON and as a page, and prints JSON', async () => {
    const [json, html] = [join(folder, 'report.json'), join(folder, 'report.html')];
    const output = ['--output', json, html, '--format', 'json'];
    const { code, stdout } = await patchlens(['compare', labelled, ...models, ...QUICK, ...output]);
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ version: 1, seed: 0, data: { images: 4, labelled: 4, convention: 'name' } });
    expect(JSON.parse(await readFile(json, 'utf8'))).toEqual(report);
    expect(await readFile(html, 'utf8')).toContain('<title>shapes-vit and rival compared</title>');
  });

  it('makes images harder when asked to, by all means or by some', async () => {
    const some = ['--robustness', 'jpeg,blur', '--sample', '2', '--labels', 'none', '--format', 'json'];
    const { stdout } = await patchlens(['compare', labelled, ...models, ...QUICK, ...some]);
    const { robustness } = JSON.parse(stdout);
    expect(robustness.map(({ kind, images }: Record<string, unknown>) => [kind, images])).toEqual([
      ['blur', 2],
      ['jpeg', 2],
    ]);
  });

  it('names files that cannot be used and ends with 1', async () => {
    const bad = join(folder, 'bad');
    await cp(labelled, bad, { recursive: true });
    await writeFile(join(bad, 'star', '\u001b[2J.png'), 'text');
    const { code, stdout, stderr } = await patchlens(['compare', bad, ...models, ...QUICK]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Model/);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).toContain('star/\\x1b[2J.png: expected an image');
    expect(stderr).toContain('patchlens: 1 images could not be used');
  });

  it('ends with 2 for what it cannot do, before anything is measured', async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['--output', 'report.pdf'], 'expected a name that ends in .html or .json'],
      [['--robustness', 'fog'], 'expected some of patch-drop'],
      [['--rounds', 'many'], 'Expected a whole number'],
    ];
    for (const [flags, message] of cases) {
      const { code, stderr } = await patchlens(['compare', labelled, ...models, ...flags]);
      expect(code).toBe(2);
      expect(stderr).toContain(message);
    }
  });

  it('compares the embedded models when none are named, and says what they are', async () => {
    const embedded = { numParameters: 1, classes: ['star'] };
    const pair = [
      { ...embedded, name: SHAPES_VIT, description: 'a ViT for shapes.' },
      { ...embedded, name: models[2]!, description: 'its rival.' },
    ];
    const named = await patchlens(['compare', labelled, ...QUICK], { api: { listModels: () => pair } });
    const notes = `patchlens: ${SHAPES_VIT} is a ViT for shapes.\npatchlens: ${models[2]} is its rival.\n`;
    expect(named).toMatchObject({ code: 0, stderr: notes });
    expect(named.stdout).toMatch(/^Model.*\nshapes-vit .*\nrival /);
    const quiet = await patchlens(['compare', labelled, ...QUICK, '-q'], { api: { listModels: () => pair } });
    expect(quiet).toEqual({ ...named, stderr: '' });
  });

  it('shows on a terminal how far it is, and leaves no half report when interrupted', async () => {
    const controller = new AbortController();
    const stderr = capture(80);
    const output = join(folder, 'half.json');
    const { code } = await patchlens(['compare', labelled, ...models, ...QUICK, '--output', output], {
      stderr,
      signal: controller.signal,
      api: { renderComparison: () => Promise.reject(new Error('not reached')) },
      env: { TERM: 'xterm' },
    });
    expect(code).toBe(0);
    expect(stderr.text).toContain('0/4');
    controller.abort(new Interruption('SIGINT'));
    const stopped = await patchlens(['compare', labelled, ...models, ...QUICK, '--output', join(folder, 'none.json')], {
      signal: controller.signal,
    });
    expect(stopped.code).toBe(130);
    await expect(readFile(join(folder, 'none.json'))).rejects.toThrow('ENOENT');
  });
});
