import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadModel } from '../../../src/use-cases/classify.ts';
import { compare } from '../../../src/use-cases/compare/compare.ts';
import type { CompareOptions } from '../../../src/use-cases/compare/settings.ts';
import { NoImagesError } from '../../../src/errors.ts';
import type { ImageProgress } from '../../../src/use-cases/evaluate/collect.ts';
import { evaluate } from '../../../src/use-cases/evaluate/evaluate.ts';
import { findImages } from '../../../src/use-cases/inputs.ts';
import { jensenShannon } from '../../../src/metrics/divergence.ts';
import { wilsonInterval } from '../../../src/metrics/intervals.ts';
import { writeBiasedModel } from '../../support/biased-model.ts';
import { SHAPES as IMAGES, SHAPES_VIT as MODEL } from '../../support/shapes-vit.ts';

const ON_CPU = { backend: 'wasm' } as const;
/** What takes long and is not asked about. */
const ANSWERS_ONLY: CompareOptions = { ...ON_CPU, rounds: 0, memory: false, sample: 0 };
/** Sums of probabilities that are float32. */
const FLOAT32 = { atol: 1e-6 };

let folder = '';
let rival = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-compare-'));
  await cp(join(IMAGES, 'star/red.png'), join(folder, 'one/star/red.png'), { recursive: true });
  // Calls some of what is no ring a ring.
  rival = await writeBiasedModel(join(folder, 'rival'), { class: 4, by: 6 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Probabilities of every class of every image, in the order of the classes. */
async function probabilitiesOf(name: string): Promise<number[][]> {
  using model = await loadModel(name, ON_CPU);
  const rows: number[][] = [];
  for (const path of await findImages([IMAGES])) {
    const row = Array.from({ length: 8 }, () => 0);
    for (const { index, probability } of await model.classify(path, { topK: 8 })) row[index] = probability;
    rows.push(row);
  }
  return rows;
}

describe('compare', () => {
  test('says of each model what evaluate says, and of the pair what follows from the answers', async () => {
    const { evaluations } = await evaluate(IMAGES, [MODEL, rival], ON_CPU);
    const comparison = await compare(IMAGES, [MODEL, rival], ANSWERS_ONLY);
    for (const [m, { accuracy }] of comparison.models.entries()) {
      const { model: _, failed: __, ...expected } = evaluations[m]!;
      expect(accuracy).toEqual(expected);
    }
    const answers = [await probabilitiesOf(MODEL), await probabilitiesOf(rival)] as const;
    // Two images of each class, in the order of the classes.
    const right = answers.map((rows) => rows.map((row, i) => row.indexOf(Math.max(...row)) === Math.floor(i / 2)));
    const count = (first: boolean, second: boolean): number =>
      right[0]!.filter((is, i) => is === first && right[1]![i] === second).length;
    const [pair] = comparison.pairs;
    const { accuracy } = pair!;
    expect(accuracy).toMatchObject({
      both: count(true, true),
      onlyFirst: count(true, false),
      onlySecond: count(false, true),
      neither: count(false, false),
      difference: (count(true, false) - count(false, true)) / 16,
    });
    expect(accuracy!.onlyFirst).toBeGreaterThan(0);
    // One pair is not corrected.
    expect(accuracy!.adjustedPValue).toBe(accuracy!.mcnemar.pValue);
    const divergences = answers[0].map((row, i) => jensenShannon(row, answers[1][i]!));
    const mean = divergences.reduce((sum, value) => sum + value, 0) / 16;
    expect([pair!.divergence.mean]).toBeCloseToArray([mean], FLOAT32);
    const largest = Math.max(...divergences);
    expect([pair!.mostDifferent[0]!.divergence]).toBeCloseToArray([largest], FLOAT32);
  });

  test('claims nothing of a model beside itself', async () => {
    const { pairs, models } = await compare(IMAGES, [MODEL, MODEL], ANSWERS_ONLY);
    expect(models.map(({ speed, memory }) => [speed, memory])).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(pairs).toMatchObject([
      {
        agreement: 1,
        divergence: { mean: 0, median: 0, p95: 0 },
        mostDifferent: [],
        alignment: null,
        accuracy: { onlyFirst: 0, onlySecond: 0, difference: 0, interval: null, adjustedPValue: 1, better: 'none' },
      },
    ]);
  });

  test('corrects the tests of several pairs, and calls better only what interval and test both show', async () => {
    const { pairs } = await compare(IMAGES, [MODEL, rival, MODEL], ANSWERS_ONLY);
    expect(pairs.map(({ first, second }) => [first, second])).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    const [there, none, back] = pairs.map(({ accuracy }) => accuracy!);
    expect(there!.adjustedPValue).toBe(Math.min(1, 3 * there!.mcnemar.pValue));
    expect(there!.difference).toBe(-back!.difference);
    expect(none!.better).toBe('none');
    for (const { better, interval, adjustedPValue } of [there!, back!]) {
      const isShown = interval !== null && (interval.low > 0 || interval.high < 0) && adjustedPValue < 0.05;
      expect(better !== 'none').toBe(isShown);
    }
  });

  test('needs no labels, no second model and no second image', async () => {
    const single = join(folder, 'one');
    const one = await compare(single, [MODEL], { ...ANSWERS_ONLY, labels: 'none' });
    expect(one.data).toMatchObject({ images: 1, labelled: 0, convention: null, classes: [], failures: [] });
    expect(one.models[0]!.accuracy).toBe(null);
    expect(one.pairs).toEqual([]);
    const two = await compare(single, [MODEL, rival], {
      ...ANSWERS_ONLY,
      sample: 64,
      robustness: ['jpeg'],
      labels: 'none',
    });
    expect(two.pairs).toMatchObject([{ accuracy: null, alignment: null }]);
    expect(two.robustness[0]!.models).toMatchObject([{ accuracy: null }, { accuracy: null }]);
    expect(two.robustness[0]!.images).toBe(1);
  });

  test('counts one labelled image', async () => {
    const { models, pairs } = await compare(join(folder, 'one'), [MODEL, rival], ANSWERS_ONLY);
    expect(models[0]!.accuracy).toMatchObject({ images: 1, top1: 1, top1Interval: wilsonInterval(1, 1) });
    const { accuracy } = pairs[0]!;
    expect(accuracy!.better).toBe('none');
    expect(accuracy!.both + accuracy!.onlyFirst).toBe(1);
  });

  test('goes on past files that are no images, and names them', async () => {
    const bad = join(folder, 'bad');
    await cp(join(IMAGES, 'star'), join(bad, 'star'), { recursive: true });
    await writeFile(join(bad, 'star', '<script>.png'), 'no image');
    const { data } = await compare(bad, [MODEL, rival], ANSWERS_ONLY);
    expect(data).toMatchObject({ images: 2, labelled: 2 });
    expect(data.failures).toMatchObject([{ path: join(bad, 'star/<script>.png'), code: 'IMAGE_UNREADABLE' }]);
    await rm(join(bad, 'star/red.png'));
    await rm(join(bad, 'star/gold.png'));
    await expect(compare(bad, [MODEL], ANSWERS_ONLY)).rejects.toThrow(NoImagesError);
  });

  test('refuses what cannot be measured', async () => {
    await expect(compare(IMAGES, [], ANSWERS_ONLY)).rejects.toThrow('at least one model');
    for (const options of [{ rounds: -1 }, { sample: 1.5 }, { seed: Number.NaN }]) {
      await expect(compare(IMAGES, [MODEL], { ...ON_CPU, ...options })).rejects.toThrow(Object.keys(options)[0]!);
    }
    const kinds = ['fog'] as unknown as CompareOptions['robustness'];
    await expect(compare(IMAGES, [MODEL], { ...ON_CPU, robustness: kinds })).rejects.toThrow('patch-drop');
  });
});

describe('measurements', () => {
  test('layers are most like themselves, and what is drawn at random follows from the seed', async () => {
    const options: CompareOptions = { ...ANSWERS_ONLY, sample: 4, robustness: ['noise'], seed: 5 };
    const comparison = await compare(IMAGES, [MODEL, rival], options);
    const { alignment } = comparison.pairs[0]!;
    expect(alignment!.images).toBe(4);
    expect(alignment!.rows).toEqual(['tokens', 'blocks.0', 'blocks.1', 'blocks.2', 'blocks.3', 'logits']);
    // The rival differs in nothing but a bias, which centring takes away.
    const own = alignment!.values.map((row, i) => row[i]!);
    expect(own).toBeCloseToArray(
      own.map(() => 1),
      { atol: 1e-5 },
    );
    expect(alignment!.values[0]![5]!).toBeLessThan(0.9);
    for (const { kind, levels, models } of comparison.robustness) {
      expect(options.robustness).toContain(kind);
      for (const { accuracy, unchanged, cleanAccuracy } of models) {
        expect([accuracy!.length, unchanged.length]).toEqual([levels.length, levels.length]);
        expect(cleanAccuracy).toBeGreaterThanOrEqual(accuracy!.at(-1)!);
      }
    }
    const again = await compare(IMAGES, [MODEL, rival], options);
    expect(again).toEqual(comparison);
    const other = await compare(IMAGES, [MODEL, rival], { ...options, seed: 6 });
    expect(other.robustness).not.toEqual(comparison.robustness);
  });

  test('every model is timed as often as asked, at batch 1 and at the batch size', async () => {
    const options = { ...ANSWERS_ONLY, rounds: 3, batchSize: 2 };
    const { models } = await compare(join(IMAGES, 'star'), [MODEL, rival], options);
    for (const { speed } of models) {
      expect(speed).toMatchObject({ batchSize: 2, rounds: 3 });
      expect(speed!.latency.p95).toBeGreaterThanOrEqual(speed!.latency.median);
      expect(speed!.latency.median).toBeGreaterThan(0);
      expect(speed!.throughput).toBeGreaterThan(0);
    }
  });
});

test('an interrupted comparison goes on where it stopped, with the same result, and tells how far it is', async () => {
  const resume = join(folder, 'answers.jsonl');
  const options = { ...ANSWERS_ONLY, batchSize: 3, sample: 5 };
  const whole = await compare(IMAGES, [MODEL, rival], options);
  const controller = new AbortController();
  const stopped = compare(IMAGES, [MODEL, rival], {
    ...options,
    resume,
    signal: controller.signal,
    onImage: ({ done }) => done === 6 && controller.abort(new Error('enough')),
  });
  await expect(stopped).rejects.toThrow('enough');
  const events: ImageProgress[] = [];
  const resumed = await compare(IMAGES, [MODEL, rival], { ...options, resume, onImage: (event) => events.push(event) });
  expect(resumed).toEqual(whole);
  const [first] = events;
  expect(first!.resumed).toBeGreaterThanOrEqual(6);
  expect(events.find(({ done, total }) => done === total)).toMatchObject({ stage: 'answers', total: 16 });
  expect(events.at(-1)).toEqual({ stage: 'alignment', done: 5, total: 5, resumed: 0 });
});
