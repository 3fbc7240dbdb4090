import { ArgumentError } from '../../errors.ts';
import type { BackendLease } from '../../tensor/backends/index.ts';
import { batchesAhead } from '../../training/batch-ahead.ts';
import type { InputForm } from '../../training/batch.ts';
import { examine } from '../../training/evaluate.ts';
import type { Examination } from '../../training/evaluate.ts';
import { plainUpdates } from '../../training/optimizer.ts';
import type { Recipe } from '../../training/recipe.ts';
import { bestValues } from '../../training/state.ts';
import type { TrainingState } from '../../training/state.ts';
import { takeStep } from '../../training/step.ts';
import type { Lesson, StepReport } from '../../training/step.ts';
import type { Ability, Trainable } from '../../training/trainable.ts';
import type { LoadedImages } from './images.ts';
import { openRecord } from './record.ts';
import type { Start } from './start.ts';
import type { Student } from './student.ts';
import type { LoadedTeacher } from './teacher.ts';
import type { Preprocessing } from '../../weights/preprocessing.ts';

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

/** How a run is carried out, which its outcome does not depend on. */
export interface RunOptions {
  /** The folder of the run: its model, its log and its newest state. */
  readonly output: string;
  /** Go on from the newest state in `output`; from the beginning when there is none. */
  readonly resume?: boolean | undefined;
  /** Optimiser steps from one trial on the validation images to the next; there is always one at the end. */
  readonly validateEvery?: number | undefined;
  /** Seconds from one saved state to the next; default 300. */
  readonly saveEvery?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: TrainEvent) => void) | undefined;
}

/** All that a run needs, made ready. */
export interface Run extends Start {
  readonly recipe: Recipe;
  readonly images: LoadedImages;
  /** What the model is tried on. */
  readonly trial: LoadedImages | undefined;
  readonly teacher: LoadedTeacher | undefined;
  /** The backend that it is carried out on. */
  readonly backend: Pick<BackendLease, 'name' | 'resample' | 'updates'>;
  readonly options: RunOptions;
}

/**
 * Trains from the first step, or from the newest saved state, to the last, and writes the model. The state of the run is
 * saved now and then, when it is aborted, when it fails and at the end.
 *
 * @throws ArgumentError, ImageError, TrainingError; or the signal's reason.
 */
export async function carryOut(setting: Run): Promise<TrainResult> {
  const { recipe, images, options } = setting;
  const { output, onEvent, signal } = options;
  checkAbilities(recipe, setting.student.network);
  const record = await openRecord(setting);
  let { state } = record.first;
  const began = { at: Date.now(), step: state.step };
  const lesson = lessonOf(setting);
  let examination: Examination | undefined;
  const tryOut = async (): Promise<void> => {
    examination = await examined(setting, state);
    if (examination === undefined) return;
    await record.log({ step: state.step, validation: examination });
    onEvent?.({ kind: 'examined', step: state.step, examination });
  };
  try {
    // The run may have been stopped between a step and its trial.
    if (state.step > 0 && !record.first.isTried && isTrialDue(state.step, options, recipe)) await tryOut();
    while (state.step < recipe.steps) {
      signal?.throwIfAborted();
      const [next, report] = await takeStep(lesson, state);
      state = next;
      const seconds = (Date.now() - began.at) / 1000;
      const imagesPerSecond = ((state.step - began.step) * report.images) / seconds;
      await record.log({ ...report, imagesPerSecond: Number(imagesPerSecond.toFixed(1)) });
      onEvent?.({ kind: 'step', report, imagesPerSecond, steps: recipe.steps });
      if (isTrialDue(state.step, options, recipe)) await tryOut();
      await record.saveWhenDue(state);
    }
    await record.save(state);
    // A run that was over when it was taken up again has its line in the log already.
    examination ??= await examined(setting, state);
  } catch (error) {
    // What was reached is worth keeping whatever went wrong; where it cannot be kept, the state before it is there.
    if (state.step > began.step) await record.save(state).catch(() => {});
    throw error;
  } finally {
    await lesson.batches.close();
  }
  return { output, steps: recipe.steps, classes: images.labelled.classes, validation: examination };
}

/** @throws ArgumentError when the recipe asks for what the network cannot do, or for what goes not together. */
function checkAbilities(recipe: Recipe, { abilities }: Trainable): void {
  const { stochasticDepth, patchDrop, initialisation, freezeTrunk, guidance } = recipe;
  if (freezeTrunk && (stochasticDepth > 0 || patchDrop !== null || guidance !== null)) {
    throw new ArgumentError(
      'freezeTrunk: expected a recipe without stochasticDepth, patchDrop and guidance, which are about features that ' +
        'learn. Leave them out.',
    );
  }
  const asked: readonly [Ability, boolean, string][] = [
    ['stochasticDepth', stochasticDepth > 0, 'a Vision Transformer'],
    ['patchDrop', patchDrop !== null, 'a Vision Transformer without a stem, with plain self-attention'],
    ['mimetic', initialisation === 'mimetic', 'a Vision Transformer with a query, key and value of their own'],
  ];
  for (const [ability, isAsked, expected] of asked) {
    if (!isAsked || abilities.has(ability)) continue;
    throw new ArgumentError(`${ability}: expected ${expected} for it, got another network. Leave it out.`);
  }
}

function lessonOf({ student, recipe, images, teacher, backend }: Run): Lesson {
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
    forms: [formOf(student), ...(teacher === undefined ? [] : [teacher.form])],
  };
  const batches = batchesAhead({ plan, files: images.files, native: backend.name === 'native' });
  return { network, recipe, batches, teacher: teacher?.teacher, kernels: backend.updates ?? plainUpdates };
}

function formOf({ network, preprocessing }: Student): InputForm {
  return { preprocessing, layout: network.layout };
}

function interpolationOf({ interpolation }: Preprocessing) {
  return interpolation === 'bilinear-no-antialias' ? 'bilinear' : interpolation;
}

function isTrialDue(step: number, { validateEvery }: RunOptions, { steps }: Recipe): boolean {
  return step === steps || (validateEvery !== undefined && step % validateEvery === 0);
}

async function examined(
  { student, trial, backend, options }: Run,
  state: TrainingState,
): Promise<Examination | undefined> {
  if (trial === undefined) return undefined;
  const { source, labelled } = trial;
  const images = { source, labels: labelled.labels, form: formOf(student), kernel: backend.resample };
  return examine(student.network, bestValues(state), images, options.signal);
}
