import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { dataStudy } from '../../../src/index.ts';
import type { StudyEvent, StudyOptions } from '../../../src/index.ts';
import { drawLabelledImages } from '../../support/labelled-images.ts';

let folder = '';
let images = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-study-'));
  images = join(folder, 'images');
  await drawLabelledImages(images, ['blue', 'red'], 4);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function options(output: string, more: Partial<StudyOptions> = {}): StudyOptions {
  return {
    output: join(folder, output),
    models: ['resnet-8', 'vit-4-64'],
    shares: [0.5, 1],
    seeds: 2,
    validation: images,
    recipe: { steps: 1, batchSize: 2 },
    ...more,
  };
}

test('a study trains each network on each share with each seed, and goes on where it was', async () => {
  const stop = new AbortController();
  const events: StudyEvent['kind'][] = [];
  const onEvent = ({ kind }: StudyEvent): void => {
    events.push(kind);
    if (kind === 'done' && events.filter((event) => event === 'done').length === 3) stop.abort(new Error('stopped'));
  };
  await expect(dataStudy(images, options('study', { signal: stop.signal, onEvent }))).rejects.toThrow('stopped');
  const kept = await readFile(join(folder, 'study', 'runs', 'resnet-8-0.5-0', 'result.json'), 'utf8');

  let steps = 0;
  const counting = ({ kind }: StudyEvent): void => {
    if (kind === 'step') steps += 1;
  };
  const study = await dataStudy(images, options('study', { onEvent: counting }));
  expect(steps).toBe(5);
  expect(study.models.map(({ name }) => name)).toEqual(['resnet-8', 'vit-4-64']);
  const [resnet] = study.models;
  // Stem, three stages of two 3×3 convolutions with their norms, two projections, head.
  const stages = 2 * (2304 + 32) + (4608 + 9216 + 512 + 3 * 64) + (18_432 + 36_864 + 2048 + 3 * 128);
  expect(resnet!.numParameters).toBe(432 + 32 + stages + (64 * 2 + 2));
  expect(resnet!.points.map(({ share, images: count, top1 }) => [share, count, top1.length])).toEqual([
    [0.5, 4, 2],
    [1, 8, 2],
  ]);
  expect(await readFile(join(folder, 'study', 'runs', 'resnet-8-0.5-0', 'result.json'), 'utf8')).toBe(kept);
  expect(JSON.parse(await readFile(join(folder, 'study', 'study.json'), 'utf8'))).toEqual(study);
  expect(await readdir(join(folder, 'study', 'runs', 'vit-4-64-1-1'))).not.toContain('state');
});

test('a study wants steps, networks and shares, and no other study in its folder', async () => {
  await expect(dataStudy(images, options('none', { recipe: {} }))).rejects.toThrow('steps: expected');
  await expect(dataStudy(images, options('none', { models: [] }))).rejects.toThrow('models: expected');
  await expect(dataStudy(images, options('none', { shares: [0] }))).rejects.toThrow('shares: expected');
  const few = { models: ['resnet-8'], shares: [1], seeds: 1 } as const;
  await dataStudy(images, options('taken', few));
  const recipe = { steps: 1, batchSize: 2, learningRate: 0.5 };
  await expect(dataStudy(images, options('taken', { ...few, recipe }))).rejects.toThrow("another's result");
});
