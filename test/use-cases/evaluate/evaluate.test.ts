import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { loadModel } from '../../../src/use-cases/classify.ts';
import { NoImagesError } from '../../../src/errors.ts';
import { evaluate } from '../../../src/use-cases/evaluate/evaluate.ts';
import type { ImageProgress } from '../../../src/use-cases/evaluate/collect.ts';
import { SHAPES as IMAGES, SHAPES_VIT as MODEL } from '../../support/shapes-vit.ts';

const ON_CPU = { backend: 'wasm' } as const;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-evaluate-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A folder of shapes, some in the wrong place. */
async function shapes(placed: Readonly<Record<string, string>>): Promise<string> {
  for (const [to, from] of Object.entries(placed)) await cp(join(IMAGES, from), join(folder, to), { recursive: true });
  return folder;
}

describe('evaluate', () => {
  test('counts what classify says, image by image', async () => {
    await shapes({
      'star/a.png': 'star/red.png',
      'star/b.png': 'circle/red.png',
      'ring/c.png': 'ring/red.png',
      'heart/<d>".png': 'heart/pink.png',
    });
    const labelled = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.png')).toSorted();
    using model = await loadModel(MODEL, ON_CPU);
    const right = { top1: 0, top5: 0 };
    let logLoss = 0;
    for (const name of labelled) {
      const predictions = await model.classify(join(folder, name), { topK: 8 });
      const place = predictions.findIndex(({ label }) => label === name.split('/')[0]);
      right.top1 += Number(place === 0);
      right.top5 += Number(place < 5);
      logLoss -= Math.log(predictions[place]!.probability);
    }
    const { evaluations, convention, failures, unlabelled } = await evaluate(folder, [MODEL], ON_CPU);
    expect({ convention, failures, unlabelled }).toEqual({ convention: 'name', failures: [], unlabelled: 0 });
    const [evaluation] = evaluations;
    const { images, top1, top5, negativeLogLikelihood } = evaluation!;
    expect(images).toBe(labelled.length);
    expect(top1).toBeLessThan(1);
    expect({ top1, top5 }).toEqual({ top1: right.top1 / images, top5: right.top5 / images });
    expect([negativeLogLikelihood]).toBeCloseToArray([logLoss / images], { rtol: 1e-5, atol: 0 });
    expect(evaluation!.perClass.map(({ label }) => label)).toEqual(['heart', 'ring', 'star']);
    expect(evaluation!.confusion).toContainEqual({ label: 6, predicted: 0, images: 1 });
  });

  test('leaves out, and names, what is no image or has no label', async () => {
    await shapes({ 'star/a.png': 'star/red.png', 'loose.png': 'star/red.png' });
    await writeFile(join(folder, 'star', 'bad.png'), 'no image');
    const { evaluations, failures, unlabelled } = await evaluate(folder, [MODEL], ON_CPU);
    expect(unlabelled).toBe(1);
    expect(failures.map(({ path, code }) => [path, code])).toEqual([
      [join(folder, 'star/bad.png'), 'IMAGE_UNREADABLE'],
    ]);
    expect(evaluations[0]).toMatchObject({ model: MODEL, images: 1, failed: 1, top1: 1 });
    await rm(join(folder, 'star', 'a.png'));
    await expect(evaluate(folder, [MODEL], ON_CPU)).rejects.toThrow(NoImagesError);
  });

  test('asks for labels, for images and for a model', async () => {
    await shapes({ 'a.png': 'star/red.png' });
    await expect(evaluate(folder, [MODEL], ON_CPU)).rejects.toThrow('expected labels');
    await mkdir(join(folder, 'empty'));
    await expect(evaluate(join(folder, 'empty'), [MODEL], ON_CPU)).rejects.toThrow(NoImagesError);
    await expect(evaluate(folder, [], ON_CPU)).rejects.toThrow('at least one model');
    await expect(evaluate(folder, [MODEL], { ...ON_CPU, batchSize: 0 })).rejects.toThrow('batchSize');
  });
});

test('an interrupted evaluation goes on where it stopped and counts no image twice', async () => {
  const whole = await evaluate(IMAGES, [MODEL], ON_CPU);
  const resume = join(folder, 'answers.jsonl');
  const controller = new AbortController();
  const options = { ...ON_CPU, resume, batchSize: 3, signal: controller.signal };
  const stopped = evaluate(IMAGES, [MODEL], {
    ...options,
    onImage: ({ done }) => done === 5 && controller.abort(new Error('enough')),
  });
  await expect(stopped).rejects.toThrow('enough');
  const lines = (await readFile(resume, 'utf8')).trim().split('\n').length - 1;
  expect(lines).toBeGreaterThanOrEqual(5);
  expect(lines).toBeLessThan(16);
  const events: ImageProgress[] = [];
  const again = await evaluate(IMAGES, [MODEL], {
    ...ON_CPU,
    resume,
    batchSize: 3,
    onImage: (event) => events.push(event),
  });
  expect(again).toEqual(whole);
  expect(events[0]).toEqual({ stage: 'answers', done: lines, total: 16, resumed: lines });
  expect(events.at(-1)).toEqual({ stage: 'answers', done: 16, total: 16, resumed: lines });
  expect((await readFile(resume, 'utf8')).trim().split('\n')).toHaveLength(17);
});
