import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { evaluate } from '../../src/index.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';
import { ASSETS, expectedAnswers, HAS_ASSETS } from './assets.ts';

const MODELS = ['vit-tiny-patch16-224', 'mobilenet-v2-224'] as const;
const PATHS = MODELS.map((name) => `${ASSETS}${name}`);

/** Classes of ImageNet that are nearest to those of CIFAR-10. */
const CLASSES: Readonly<Record<string, number>> = {
  airplane: 404, // airliner
  automobile: 817, // sports car
  bird: 13, // junco
  cat: 281, // tabby
  deer: 352, // impala
  dog: 207, // golden retriever
  frog: 31, // tree frog
  horse: 339, // sorrel
  ship: 510, // container ship
  truck: 675, // moving van
};

/** How many of the labels are the likeliest, and among the five likeliest, of a reference's answers. */
function countsOf(answers: readonly (readonly [label: number, top5: readonly number[]])[]) {
  const right = (k: number): number => answers.filter(([label, top5]) => top5.slice(0, k).includes(label)).length;
  return { images: answers.length, top1: right(1), top5: right(5) };
}

async function evaluated(source: string) {
  const { evaluations, failures } = await evaluate(source, PATHS);
  expect(failures).toEqual([]);
  return evaluations.map(({ images, top1, top5 }) => ({ images, top1: top1 * images, top5: top5 * images }));
}

describe.runIf(HAS_ASSETS)('evaluate counts as many right as timm and torchvision, to the image', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'patchlens-evaluate-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('of photographs listed in a CSV file', { timeout: 300_000 }, async () => {
    const source = fileURLToPath(new URL('photo-labels.csv', import.meta.url));
    const rows = (await readFile(source, 'utf8')).trim().split('\n').slice(1);
    const names = (await readFile(`${ASSETS}imagenet/classes.txt`, 'utf8')).trim().split('\n');
    const labelled = rows.flatMap((row) => {
      const [path = '', label = ''] = row.split(',');
      const index = names.findIndex((name) => name.split(', ')[0] === label);
      return label === '' ? [] : [{ name: basename(path), index }];
    });
    expect(labelled.every(({ index }) => index >= 0)).toBe(true);
    const expected = expectedAnswers();
    const counts = MODELS.map((model) =>
      countsOf(labelled.map(({ name, index }) => [index, expected[name]![model]!.top5.map((row) => row.index)])),
    );
    expect(await evaluated(source)).toEqual(counts);
  });

  test('of a hundred pictures of CIFAR-10 in a folder for each class', { timeout: 600_000 }, async () => {
    const { answers } = JSON.parse(await readFile(`${GOLDEN_FOLDER}evaluation.json`, 'utf8')) as {
      answers: Record<string, Record<string, number[]>>;
    };
    const files = Object.keys(answers[MODELS[0]]!);
    await promisify(execFile)('tar', ['-xf', `${ASSETS}cifar10/cifar10-jpeg.tar`, '-C', folder, ...files]);
    const labelOf = (file: string): number => CLASSES[basename(dirname(file))]!;
    for (const file of files) {
      const place = join(folder, 'labelled', String(labelOf(file)));
      await mkdir(place, { recursive: true });
      await cp(join(folder, file), join(place, `${basename(dirname(file))}-${basename(file)}`));
    }
    const counts = MODELS.map((model) => countsOf(files.map((file) => [labelOf(file), answers[model]![file]!])));
    expect(counts.map(({ images }) => images)).toEqual([100, 100]);
    expect(await evaluated(join(folder, 'labelled'))).toEqual(counts);
  });
});
