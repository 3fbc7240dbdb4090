import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import * as z from 'zod';

import { ArgumentError, TrainingError } from '../../errors.ts';
import { meanAndDeviation } from '../../metrics/mean-and-deviation.ts';
import { studyFigure } from '../../report/study-figure.ts';
import { useBackend } from '../../tensor/backends/index.ts';
import type { BackendLease } from '../../tensor/backends/index.ts';
import { subsetOf } from '../../training/labelled-images.ts';
import { Recipe } from '../../training/recipe.ts';
import { labelledFolder, loadImages } from './images.ts';
import type { LoadedImages } from './images.ts';
import { NAMED_NETWORKS } from './network.ts';
import type { NetworkName } from './network.ts';
import { recipeFor } from './recipe.ts';
import { STATE_FOLDER } from './record.ts';
import { carryOut } from './run.ts';
import type { TrainEvent } from './run.ts';
import { startOf } from './start.ts';
import { DEFAULT_CACHE, loadTrial } from './train.ts';
import type { TrainOptions } from './train.ts';
import { sizeOf } from '../../weights/arrays.ts';
import { readJson } from '../../weights/json-file.ts';
import { writeJson } from '../../weights/write-whole.ts';

export interface StudyOptions extends Omit<
  TrainOptions,
  'network' | 'share' | 'teacher' | 'validation' | 'validateEvery' | 'onEvent' | 'resume'
> {
  readonly models: readonly NetworkName[];
  /** Shares of each class to train on, above 0 and at most 1. */
  readonly shares: readonly number[];
  /** How often each is trained, every time with other images and other random numbers; default 3. */
  readonly seeds?: number | undefined;
  /** Labelled images that every network is tried on. */
  readonly validation: string;
  readonly onEvent?: ((event: StudyEvent) => void) | undefined;
}

export type StudyEvent =
  | { readonly kind: 'run'; readonly run: number; readonly runs: number; readonly cell: StudyCell }
  | { readonly kind: 'done'; readonly cell: StudyCell; readonly top1: number }
  | TrainEvent;

/** One training run of a study. */
export interface StudyCell {
  readonly model: NetworkName;
  readonly share: number;
  readonly seed: number;
}

/** How accurate networks become with more and more images, all trained in the same way for the same number of steps. */
export interface DataStudy {
  readonly classes: readonly string[];
  readonly recipe: Omit<Recipe, 'seed'>;
  readonly validationImages: number;
  readonly models: readonly StudiedModel[];
}

export interface StudiedModel {
  readonly name: NetworkName;
  readonly numParameters: number;
  /** In the order of the shares. */
  readonly points: readonly StudyPoint[];
}

export interface StudyPoint {
  readonly share: number;
  /** Training images. */
  readonly images: number;
  /** Top-1 of each seed, 0…1. */
  readonly top1: readonly number[];
  readonly mean: number;
  /** Sample standard deviation over the seeds; undefined of one. */
  readonly deviation: number | undefined;
}

const DEFAULT_SEEDS = 3;

/**
 * Trains each network on growing parts of the same images and tries each on the same others. Runs that are done are kept in
 * `output`, so that a study that was interrupted goes on where it was.
 *
 * @throws ArgumentError when the recipe has no number of steps; what `train` throws.
 */
export async function dataStudy(folder: string, options: StudyOptions): Promise<DataStudy> {
  const { backend = 'auto', threads, seeds = DEFAULT_SEEDS, models, shares, output } = options;
  checkStudy(options);
  const labelled = await labelledFolder(folder);
  const lease = await useBackend(backend, { threads, precision: options.recipe?.precision ?? 'f32' });
  try {
    const trial = await loadTrial(labelled.classes, options);
    if (trial === undefined) throw new ArgumentError('validation: expected a folder of labelled images, got none');
    const results: CellResult[] = [];
    const runs = seeds * shares.length * models.length;
    for (let seed = 0; seed < seeds; seed += 1) {
      for (const share of shares) {
        const part = subsetOf(labelled, share, seed);
        const images = await loadImages(part, folder, options.cacheBytes ?? DEFAULT_CACHE);
        for (const model of models) {
          const cell = { model, share, seed };
          options.onEvent?.({ kind: 'run', run: results.length + 1, runs, cell });
          const result = await resultOf(cell, images, trial, { ...options, lease });
          results.push(result);
          options.onEvent?.({ kind: 'done', cell, top1: result.top1 });
        }
      }
    }
    const study = summary(labelled.classes, results, trial, options);
    await writeJson(join(output, 'study.json'), study);
    await writeFile(join(output, 'study.svg'), await studyFigure(study));
    return study;
  } finally {
    lease.release();
  }
}

function checkStudy({ recipe, shares, models, seeds = DEFAULT_SEEDS }: StudyOptions): void {
  if (recipe?.steps === undefined) {
    throw new ArgumentError('steps: expected a number of optimiser steps, the same for every share; got none');
  }
  if (recipe.distillation || recipe.guidance) {
    throw new ArgumentError(
      'recipe: expected one without a teacher, whose knowledge is not of the images; got one with it',
    );
  }
  if (models.length === 0) throw new ArgumentError('models: expected at least one, got none');
  if (!(Number.isInteger(seeds) && seeds > 0)) {
    throw new ArgumentError(`seeds: expected a whole number of 1 or more, got ${seeds}`);
  }
  if (shares.length > 0 && shares.every((share) => share > 0 && share <= 1)) return;
  throw new ArgumentError(`shares: expected numbers above 0 and at most 1, got ${shares.join(', ') || 'none'}`);
}

const CellResult = z.object({
  model: z.string(),
  share: z.number(),
  seed: z.number(),
  images: z.number(),
  numParameters: z.number(),
  top1: z.number(),
  fingerprint: z.string(),
  validation: z.string(),
  preprocessing: z.string(),
  recipe: Recipe,
});
type CellResult = z.infer<typeof CellResult>;

const RESULT_FILE = 'result.json';

/** Trains one network, unless that has been done already. */
async function resultOf(
  { model, share, seed }: StudyCell,
  images: LoadedImages,
  trial: LoadedImages,
  options: StudyOptions & { readonly lease: BackendLease },
): Promise<CellResult> {
  const output = join(options.output, 'runs', `${model}-${share}-${seed}`);
  await mkdir(output, { recursive: true });
  const recipe = recipeFor({ ...options.recipe, seed }, images.labelled.paths.length);
  using start = await startOf(images, { ...options, network: NAMED_NETWORKS[model] });
  const { network, preprocessing } = start.student;
  const { shapes } = network;
  const numParameters = [...shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  const known = { model, share, seed, images: images.labelled.paths.length, numParameters };
  const asked = {
    ...known,
    fingerprint: images.fingerprint,
    validation: trial.fingerprint,
    preprocessing: JSON.stringify(preprocessing),
    recipe,
  };
  const done = CellResult.safeParse(await readJson(join(output, RESULT_FILE)));
  if (done.success) {
    if (isDeepStrictEqual(done.data, { ...asked, top1: done.data.top1 })) return done.data;
    throw new TrainingError(
      `output ${output}: expected a run of the same images and recipe, got another's result. Name another folder.`,
    );
  }
  const { validation } = await carryOut({
    ...start,
    recipe,
    images,
    trial,
    teacher: undefined,
    backend: options.lease,
    options: { output, resume: true, saveEvery: options.saveEvery, signal: options.signal, onEvent: options.onEvent },
  });
  const result = { ...asked, top1: validation?.top1 ?? 0 };
  await writeJson(join(output, RESULT_FILE), result);
  await rm(join(output, STATE_FOLDER), { recursive: true, force: true });
  return result;
}

function summary(
  classes: readonly string[],
  results: readonly CellResult[],
  trial: LoadedImages,
  { models, shares }: StudyOptions,
): DataStudy {
  const { seed: _, ...recipe } = results[0]!.recipe;
  return {
    classes,
    recipe,
    validationImages: trial.labelled.paths.length,
    models: models.map((name) => {
      const own = results.filter(({ model }) => model === name);
      const points = shares.map((share): StudyPoint => {
        const at = own.filter((result) => result.share === share);
        const top1 = at.map((result) => result.top1);
        return { share, images: at[0]?.images ?? 0, top1, ...meanAndDeviation(top1) };
      });
      return { name, numParameters: own[0]?.numParameters ?? 0, points };
    }),
  };
}
