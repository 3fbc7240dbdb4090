import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Interruption } from '../../src/cli/exit.ts';
import { SHAPES, SHAPES_VIT } from '../support/shapes-vit.ts';
import { capture, patchlens } from './harness.ts';

const ON_WASM = ['--backend', 'wasm'];
const SHAPES_ON_WASM = ['--model', SHAPES_VIT, ...ON_WASM];

let folder = '';
let labelled = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-evaluate-'));
  labelled = join(folder, 'labelled');
  await cp(join(SHAPES, 'star'), join(labelled, 'star'), { recursive: true });
  await cp(join(SHAPES, 'heart'), join(labelled, 'heart'), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('patchlens evaluate', () => {
  it('prints one JSON object for a model', async () => {
    const { code, stdout, stderr } = await patchlens(['evaluate', labelled, '--format', 'json', ...SHAPES_ON_WASM]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const evaluation = JSON.parse(stdout);
    expect(evaluation).toMatchObject({ model: SHAPES_VIT, images: 4, failed: 0, top1: 1, top5: 1 });
    expect(
      evaluation.perClass.map(({ index, label, images }: Record<string, unknown>) => [index, label, images]),
    ).toEqual([
      [3, 'heart', 2],
      [6, 'star', 2],
    ]);
  });

  it('prints a list for several, a table for people and rows for a spreadsheet', async () => {
    const models = ['--model', SHAPES_VIT, SHAPES_VIT];
    const json = await patchlens(['evaluate', labelled, ...models, '--format', 'json', ...ON_WASM]);
    expect(JSON.parse(json.stdout)).toHaveLength(2);
    const table = await patchlens(['evaluate', labelled, ...SHAPES_ON_WASM]);
    expect(table.stdout).toMatch(/^Model +Images +Failed +Top-1 .*\n.*shapes-vit +4 +0 +100\.00%/);
    expect(table.stdout).toContain('labels read by name');
    const csv = await patchlens(['evaluate', labelled, '--format', 'csv', ...SHAPES_ON_WASM]);
    expect(csv.stdout.split('\n').slice(0, 3)).toEqual([
      'model,index,label,images,top1,top5,precision',
      `${SHAPES_VIT},,,4,1,1,`,
      `${SHAPES_VIT},3,heart,2,1,1,1`,
    ]);
  });

  it('names files that cannot be used and ends with 1', async () => {
    const bad = join(folder, 'bad');
    await cp(labelled, bad, { recursive: true });
    await writeFile(join(bad, 'star', '\u001b[2J.png'), 'text');
    const output = join(folder, 'out.json');
    const { code, stdout, stderr } = await patchlens([
      'evaluate',
      bad,
      '--format',
      'json',
      '--output',
      output,
      ...SHAPES_ON_WASM,
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).not.toContain('\u001b');
    expect(stderr).toContain('star/\\x1b[2J.png: expected an image');
    expect(stderr).toContain('patchlens: 1 images could not be used');
    expect(JSON.parse(await readFile(output, 'utf8'))).toMatchObject({ images: 4, failed: 1 });
  });

  it('ends with 2 for labels that are no classes, 3 without images, 4 without a model', async () => {
    const unknown = join(folder, 'unknown');
    await cp(join(SHAPES, 'star'), join(unknown, 'stair'), { recursive: true });
    const labels = await patchlens(['evaluate', unknown, ...SHAPES_ON_WASM]);
    expect(labels.code).toBe(2);
    expect(labels.stderr).toContain('got stair (nearest: 6 star');
    await mkdir(join(folder, 'empty'), { recursive: true });
    expect((await patchlens(['evaluate', join(folder, 'empty'), ...SHAPES_ON_WASM])).code).toBe(3);
    expect((await patchlens(['evaluate', labelled, '--model', join(folder, 'none'), ...ON_WASM])).code).toBe(4);
    expect((await patchlens(['evaluate', labelled, '--labels', 'nmae'])).stderr).toContain('Did you mean name?');
  });

  it('goes on after an interruption', async () => {
    const resume = ['--resume', join(folder, 'answers.jsonl')];
    const controller = new AbortController();
    const stderr = capture();
    controller.abort(new Interruption('SIGINT'));
    const interrupted = await patchlens(['evaluate', labelled, ...resume, ...SHAPES_ON_WASM], {
      signal: controller.signal,
    });
    expect(interrupted).toMatchObject({ code: 130, stdout: '' });
    await patchlens(['evaluate', labelled, ...resume, ...SHAPES_ON_WASM]);
    const again = await patchlens(['evaluate', labelled, ...resume, ...SHAPES_ON_WASM], { stderr });
    expect(again.code).toBe(0);
    expect(stderr.text).toBe('patchlens: 4 of 4 images were answered before\n');
  });
});
