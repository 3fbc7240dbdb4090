import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadModel } from '../../src/use-cases/classify.ts';
import type { Faithfulness } from '../../src/index.ts';
import { SHAPES, SHAPES_VIT } from '../support/shapes-vit.ts';
import { patchlens as run } from './harness.ts';

const STAR = `${SHAPES}star/gold.png`;

function faithfulness(...argv: string[]) {
  return run(['faithfulness', '--model', SHAPES_VIT, STAR, ...argv], { api: { loadModel } });
}

describe('patchlens faithfulness', () => {
  it('gives every curve as JSON, against at least 32 random orders and the image centre', async () => {
    const { code, stdout, stderr } = await faithfulness('--methods', 'relevance', '--steps', '4', '--format', 'json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const found = JSON.parse(stdout) as Faithfulness & { path: string };
    expect(found).toMatchObject({ path: STAR, target: { label: 'star' }, orders: 32, steps: 4 });
    expect(found.scores.map(({ method, fill }) => `${method} ${fill}`)).toEqual([
      'relevance grey',
      'centre grey',
      'relevance blur',
      'centre blur',
    ]);
    expect(found.random.map(({ areas }) => areas.length)).toEqual([32, 32]);
    for (const { fill, deletion, insertion } of found.scores) {
      expect(deletion.curve).toHaveLength(5);
      // All curves of a fill have the same ends: the whole image, and none of it.
      expect(deletion.curve[0]).toBeCloseTo(found.target.probability, 5);
      expect([insertion.curve[4], insertion.curve[0]]).toEqual([deletion.curve[0], deletion.curve[4]]);
      expect(deletion.curve[4]).toBe(found.emptied[fill]);
    }
  });

  it('tells areas in a table, with chance below', async () => {
    const { stdout } = await faithfulness('--methods', 'rollout', 'grad-cam', '--fills', 'grey', '--steps', '3');
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^star: 0\.\d{3}, 0\.\d{3} with all grey; 6 x 6 cells in 3 steps$/);
    expect(lines.slice(1).map((line) => line.split(/\s{2,}/)[0])).toEqual([
      '',
      'rollout',
      'grad-cam',
      'centre',
      'random (32)',
    ]);
    expect(lines.at(-1)).toMatch(/^random \(32\) +0\.\d{3} \[0\.\d{3}, 0\.\d{3}\] +0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]$/);
  });

  it('writes CSV, a row for each method, fill and curve', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'patchlens-faithfulness-'));
    const file = join(folder, 'scores.csv');
    const { code, stdout } = await faithfulness(
      '--methods',
      'rollout',
      '--fills',
      'blur',
      '--steps',
      '2',
      '--format',
      'csv',
      '-o',
      file,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const [head, ...rows] = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(head).toBe('path,target,fill,curve,method,area,p,beats_random,random_mean,random_low,random_high');
    expect(rows.map((row) => row.split(',').slice(1, 5).join(' '))).toEqual([
      'star blur deletion rollout',
      'star blur insertion rollout',
      'star blur deletion centre',
      'star blur insertion centre',
    ]);
    await rm(folder, { recursive: true });
  });

  it.each([
    [['--orders', '31'], 'orders: expected a whole number from 32 to 10000, got 31'],
    [['--steps', '65'], 'steps: expected a whole number from 2 to 36, got 65'],
    [['--methods', 'token-colours'], 'methods: expected one with values, got token-colours'],
    [['--fills', 'gray'], 'Did you mean grey?'],
    [['--target', 'cow'], 'target: expected a class of'],
  ])('%j fails with 2 and one line', async (argv, message) => {
    const { code, stdout, stderr } = await faithfulness(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
