import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { smallResNet } from './cnn/resnet-variants.ts';
import { ArgumentError, TrainingError } from './errors.ts';
import { useBackend } from './tensor/backends/index.ts';
import type { BackendName } from './tensor/backends/index.ts';
import { batchesAhead } from './training/batch-ahead.ts';
import type { InputForm } from './training/batch.ts';
import { cutLog, newestState, readFacts, readState, saveState } from './training/checkpoint.ts';
import type { RunFacts } from './training/checkpoint.ts';
import { examine } from './training/evaluate.ts';
import type { Examination } from './training/evaluate.ts';
import { subsetOf } from './training/labelled-images.ts';
import type { Recipe } from './training/recipe.ts';
import { bestValues, initialState } from './training/state.ts';
import type { TrainingState } from './training/state.ts';
import { takeStep } from './training/step.ts';
import type { Lesson, StepReport } from './training/step.ts';
import { labelledFolder, loadImages } from './train-images.ts';
import type { LoadedImages } from './train-images.ts';
import { resNetStudent, vitStudent } from './train-student.ts';
import type { Student } from './train-student.ts';
import { imageSizeOf, preprocessingFor, vitConfigOf } from './train-network.ts';
import type { NetworkChoice } from './train-network.ts';
import { recipeFor } from './train-recipe.ts';
import type { RecipeOptions } from './train-recipe.ts';
import type { Interpolation, Preprocessing } from './weights/preprocessing.ts';

export interface TrainOptions {
  /** The folder of the run: its model, its log and its newest state. */
  readonly output: string;
  readonly network: NetworkChoice;
  /** How images are brought to the network's size; default bicubic. */
  readonly interpolation?: Interpolation | undefined;
  readonly recipe?: RecipeOptions | undefined;
  /** Train on this part of each class, chosen by the recipe's seed; default 1, all of it. */
  readonly share?: number | undefined;
  /** Go on from the newest state in `output`; from the beginning when there is none. */
  readonly resume?: boolean | undefined;
  /** A folder of labelled images that the model is tried on; no trials when absent. */
  readonly validation?: string | undefined;
  /** Optimiser steps from one trial to the next; there is always one at the end. */
  readonly validateEvery?: number | undefined;
  /** Seconds from one saved state to the next; default 300. */
  readonly saveEvery?: number | undefined;
  /** Bytes of decoded pixels to keep in memory; default 1 GiB. Images that take more are decoded each time. */
  readonly cacheBytes?: number | undefined;
  readonly backend?: BackendName | 'auto' | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: TrainEvent) => void) | undefined;
}

export type TrainEvent =
  | { readonly kind: 'resumed'; readonly step: number }
  | { readonly kind: 'step'; readonly report: StepReport; readonly imagesPerSecond: number; readonly steps: number }
  | { readonly kind: 'examined'; readonly step: number; readonly examination: Examination }
  | { readonly kind: 'saved'; readonly step: number };

export interface TrainResult {
  readonly output: string;
  readonly steps: number;
  readonly classes: readonly string[];
  /** Of the model that was written, on the validation images. */
  readonly validation: Examination | undefined;
}

const DEFAULT_CACHE = 2 ** 30;
const DEFAULT_SAVE_SECONDS = 300;
const LOG_FILE = 'log.jsonl';
const STATE_FOLDER = 'state';

/**
 * Trains a network on the labelled images of a folder, `<folder>/<class>/…`, and writes it as a model folder. The state of
 * the run is saved now and then, when it is aborted and at the end, so that it can go on to the same end.
 *
 * @throws ArgumentError, ImageError, TrainingError, BackendError; or the signal's reason.
 */
export async function train(folder: string, options: TrainOptions): Promise<TrainResult> {
  const { backend = 'auto', threads, validation } = options;
  const labelled = subsetOf(await labelledFolder(folder), options.share ?? 1, options.recipe?.seed ?? 0);
  const tests = validation === undefined ? undefined : await labelledFolder(validation);
  checkClasses(labelled.classes, tests?.classes);
  const lease = await useBackend(backend, { threads });
  try {
    const keptBytes = options.cacheBytes ?? DEFAULT_CACHE;
    const images = await loadImages(labelled, folder, keptBytes);
    const trial = tests && validation !== undefined ? await loadImages(tests, validation, keptBytes) : undefined;
    const student = await studentOf(options, images);
    const recipe = recipeFor(options.recipe ?? {}, labelled.paths.length);
    return await run({ student, recipe, images, trial, options });
  } finally {
    lease.release();
  }
}

async function studentOf({ network, interpolation = 'bicubic' }: TrainOptions, images: LoadedImages): Promise<Student> {
  const { classes } = images.labelled;
  const preprocessing = await preprocessingFor(imageSizeOf(network), interpolation, images.source);
  const numClasses = classes.length;
  switch (network.kind) {
    case 'vit':
      return vitStudent(vitConfigOf(network, numClasses), classes, preprocessing);
    case 'resnet':
      return resNetStudent(smallResNet({ ...network, numClasses }), classes, preprocessing);
  }
}

function checkClasses(classes: readonly string[], tested: readonly string[] | undefined): void {
  if (tested === undefined || tested.join('/') === classes.join('/')) return;
  throw new ArgumentError(
    `validation: expected the classes that are trained, ${classes.join(', ')}; got ${tested.join(', ')}`,
  );
}

interface Run {
  readonly student: Student;
  readonly recipe: Recipe;
  readonly images: LoadedImages;
  readonly trial: LoadedImages | undefined;
  readonly options: TrainOptions;
}

async function run(setting: Run): Promise<TrainResult> {
  const { student, recipe, images, options } = setting;
  const { output, onEvent, signal } = options;
  const { classes } = images.labelled;
  const facts: RunFacts = { recipe, classes: [...classes], fingerprint: images.fingerprint, network: student.identity };
  await mkdir(output, { recursive: true });
  let state = await firstState(setting, facts);
  const lesson = lessonOf(setting);
  const log = (line: object): Promise<void> => appendFile(join(output, LOG_FILE), `${JSON.stringify(line)}\n`);
  let savedAt = Date.now();
  const save = async (): Promise<void> => {
    await saveState(join(output, STATE_FOLDER), facts, state);
    await student.write(output, bestValues(state));
    savedAt = Date.now();
    onEvent?.({ kind: 'saved', step: state.step });
  };
  let examination: Examination | undefined;
  const started = { at: Date.now(), step: state.step };
  try {
    while (state.step < recipe.steps) {
      if (signal?.aborted) {
        await save();
        signal.throwIfAborted();
      }
      const [next, report] = await takeStep(lesson, state);
      state = next;
      const seconds = (Date.now() - started.at) / 1000;
      const imagesPerSecond = ((state.step - started.step) * report.images) / seconds;
      await log({ ...report, imagesPerSecond: Number(imagesPerSecond.toFixed(1)) });
      onEvent?.({ kind: 'step', report, imagesPerSecond, steps: recipe.steps });
      if (isTrialDue(state.step, options, recipe)) {
        examination = await tryOut(setting, state);
        if (examination !== undefined) {
          await log({ step: state.step, validation: examination });
          onEvent?.({ kind: 'examined', step: state.step, examination });
        }
      }
      if (Date.now() - savedAt > (options.saveEvery ?? DEFAULT_SAVE_SECONDS) * 1000) await save();
    }
    await save();
  } finally {
    await lesson.batches.close();
    student.network.dispose();
  }
  return { output, steps: recipe.steps, classes, validation: examination };
}

async function firstState({ student, recipe, options }: Run, facts: RunFacts): Promise<TrainingState> {
  const { output, resume = false, onEvent } = options;
  const folder = join(output, STATE_FOLDER);
  await mkdir(folder, { recursive: true });
  const saved = await newestState(folder);
  if (saved === undefined) {
    await cutLog(join(output, LOG_FILE), -1);
    return initialState(student.network, recipe);
  }
  if (!resume) {
    throw new ArgumentError(
      `output ${output}: expected a folder without a run, got one. Go on with it by resume, or name another.`,
    );
  }
  const { step, ...known } = await readFacts(saved);
  checkFacts(known, facts, output);
  await cutLog(join(output, LOG_FILE), step);
  onEvent?.({ kind: 'resumed', step });
  return readState(saved, student.network, recipe, step);
}

/** A run goes on as it began, or its curve would be that of no recipe. */
function checkFacts(known: RunFacts, now: RunFacts, output: string): void {
  const names = { recipe: 'recipe', classes: 'classes', fingerprint: 'images', network: 'network' } as const;
  for (const key of ['network', 'classes', 'fingerprint', 'recipe'] as const) {
    const [was, is] = [JSON.stringify(known[key]), JSON.stringify(now[key])];
    if (was === is) continue;
    throw new TrainingError(`output ${output}: expected the ${names[key]} that the run began with, ${was}, got ${is}`);
  }
}

function lessonOf({ student, recipe, images }: Run): Lesson {
  const { network, preprocessing } = student;
  const { seed, batchSize, labelSmoothing, augmentation, mixing } = recipe;
  const { crop, randAugment, ...rest } = augmentation;
  const plan = {
    seed,
    batchSize,
    labels: images.labelled.labels,
    numClasses: images.labelled.classes.length,
    labelSmoothing,
    augmentation: {
      ...rest,
      crop:
        crop?.kind === 'resized'
          ? { ...crop, size: preprocessing.imageSize, interpolation: interpolationOf(preprocessing) }
          : (crop ?? undefined),
      randAugment: randAugment ?? undefined,
    },
    mixing,
    forms: [formOf(student)],
  };
  return { network, recipe, batches: batchesAhead({ plan, files: images.files }) };
}

function formOf({ network, preprocessing }: Student): InputForm {
  return { preprocessing, layout: network.layout };
}

function interpolationOf({ interpolation }: Preprocessing) {
  return interpolation === 'bilinear-no-antialias' ? 'bilinear' : interpolation;
}

function isTrialDue(step: number, { validateEvery }: TrainOptions, { steps }: Recipe): boolean {
  return step === steps || (validateEvery !== undefined && step % validateEvery === 0);
}

async function tryOut({ student, trial, options }: Run, state: TrainingState): Promise<Examination | undefined> {
  if (trial === undefined) return undefined;
  const { source, labelled } = trial;
  const images = { source, labels: labelled.labels, form: formOf(student) };
  return examine(student.network, bestValues(state), images, options.signal);
}
