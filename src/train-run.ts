import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { ArgumentError, TrainingError } from './errors.ts';
import { batchesAhead } from './training/batch-ahead.ts';
import type { InputForm } from './training/batch.ts';
import { cutLog, newestState, readFacts, readState, saveState } from './training/checkpoint.ts';
import type { RunFacts } from './training/checkpoint.ts';
import { examine } from './training/evaluate.ts';
import type { Examination } from './training/evaluate.ts';
import type { Recipe } from './training/recipe.ts';
import { bestValues, initialState } from './training/state.ts';
import type { TrainingState } from './training/state.ts';
import { takeStep } from './training/step.ts';
import type { Lesson, StepReport } from './training/step.ts';
import type { LoadedImages } from './train-images.ts';
import type { Start } from './train-start.ts';
import type { Student } from './train-student.ts';
import type { LoadedTeacher } from './train-teacher.ts';
import type { Preprocessing } from './weights/preprocessing.ts';

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
  readonly options: RunOptions;
}

const DEFAULT_SAVE_SECONDS = 300;
const LOG_FILE = 'log.jsonl';
export const STATE_FOLDER = 'state';

/**
 * Trains from the first step, or from the newest saved state, to the last, and writes the model. The state of the run is
 * saved now and then, when it is aborted, when it fails and at the end.
 *
 * @throws ArgumentError, ImageError, TrainingError; or the signal's reason.
 */
export async function carryOut(setting: Run): Promise<TrainResult> {
  const { student, recipe, images, options } = setting;
  const { output, onEvent, signal, saveEvery = DEFAULT_SAVE_SECONDS } = options;
  await written(output, () => mkdir(output, { recursive: true }));
  const facts = factsOf(setting);
  const first = await firstState(setting, facts);
  let { state } = first;
  const lesson = lessonOf(setting);
  const log = (line: object): Promise<void> =>
    written(output, () => appendFile(join(output, LOG_FILE), `${JSON.stringify(line)}\n`));
  let saved = { at: Date.now(), step: -1 };
  const save = async (): Promise<void> => {
    if (saved.step === state.step) return;
    await written(output, async () => {
      await saveState(join(output, STATE_FOLDER), facts, state);
      await student.write(output, bestValues(state));
    });
    saved = { at: Date.now(), step: state.step };
    onEvent?.({ kind: 'saved', step: state.step });
  };
  let examination: Examination | undefined;
  const tryOut = async (): Promise<void> => {
    examination = await examined(setting, state);
    if (examination === undefined) return;
    await log({ step: state.step, validation: examination });
    onEvent?.({ kind: 'examined', step: state.step, examination });
  };
  const started = { at: Date.now(), step: state.step };
  try {
    // The run may have been stopped between a step and its trial.
    if (state.step > 0 && !first.isTried && isTrialDue(state.step, options, recipe)) await tryOut();
    while (state.step < recipe.steps) {
      signal?.throwIfAborted();
      const [next, report] = await takeStep(lesson, state);
      state = next;
      const seconds = (Date.now() - started.at) / 1000;
      const imagesPerSecond = ((state.step - started.step) * report.images) / seconds;
      await log({ ...report, imagesPerSecond: Number(imagesPerSecond.toFixed(1)) });
      onEvent?.({ kind: 'step', report, imagesPerSecond, steps: recipe.steps });
      if (isTrialDue(state.step, options, recipe)) await tryOut();
      if (Date.now() - saved.at > saveEvery * 1000) await save();
    }
    await save();
    // A run that was over when it was taken up again has its line in the log already.
    examination ??= await examined(setting, state);
  } catch (error) {
    // What was reached is worth keeping whatever went wrong; where it cannot be kept, the state before it is there.
    if (state.step > started.step) await save().catch(() => {});
    throw error;
  } finally {
    await lesson.batches.close();
  }
  return { output, steps: recipe.steps, classes: images.labelled.classes, validation: examination };
}

/** Says what an error of the file system means for the run. */
async function written<T>(output: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && 'syscall' in cause)) throw cause;
    throw new TrainingError(
      `output ${output}: expected a folder that can be written to, got ${String(cause.code)}. The last saved state is whole: ` +
        'make room there and go on by resume.',
      { cause },
    );
  }
}

function factsOf({ student, recipe, images, teacher }: Run): RunFacts {
  const { labelled, fingerprint } = images;
  return { recipe, classes: [...labelled.classes], fingerprint, network: student.identity, teacher: teacher?.identity };
}

interface FirstState {
  readonly state: TrainingState;
  /** Whether the log has the trial of the state's step. */
  readonly isTried: boolean;
}

async function firstState({ student, given, recipe, options }: Run, facts: RunFacts): Promise<FirstState> {
  const { output, resume = false, onEvent } = options;
  const folder = join(output, STATE_FOLDER);
  await written(output, () => mkdir(folder, { recursive: true }));
  const saved = await newestState(folder);
  if (saved === undefined) {
    await written(output, () => cutLog(join(output, LOG_FILE), -1));
    return { state: initialState(student.network, recipe, given), isTried: false };
  }
  if (!resume) {
    throw new ArgumentError(
      `output ${output}: expected a folder without a run, got one. Go on with it by resume, or name another.`,
    );
  }
  const { step, ...known } = await readFacts(saved);
  checkFacts(known, facts, output);
  const lines = await written(output, () => cutLog(join(output, LOG_FILE), step));
  onEvent?.({ kind: 'resumed', step });
  const state = await readState(saved, student.network, recipe, step);
  // A trial is logged after its step.
  return { state, isTried: lines.at(-1)?.includes('"validation"') ?? false };
}

const FACT_NAMES = {
  network: 'network',
  classes: 'classes',
  fingerprint: 'images',
  teacher: 'teacher',
  recipe: 'recipe',
} as const satisfies Record<keyof RunFacts, string>;

/** A run goes on as it began, or its curve would be that of no recipe. */
function checkFacts(known: RunFacts, now: RunFacts, output: string): void {
  for (const key of ['network', 'classes', 'fingerprint', 'teacher', 'recipe'] as const) {
    const [was, is] = [JSON.stringify(known[key]), JSON.stringify(now[key])];
    if (was === is) continue;
    throw new TrainingError(
      `output ${output}: expected the ${FACT_NAMES[key]} that the run began with, ${was}, got ${is}`,
    );
  }
}

function lessonOf({ student, recipe, images, teacher }: Run): Lesson {
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
  const batches = batchesAhead({ plan, files: images.files });
  return { network, recipe, batches, teacher: teacher?.teacher };
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

async function examined({ student, trial, options }: Run, state: TrainingState): Promise<Examination | undefined> {
  if (trial === undefined) return undefined;
  const { source, labelled } = trial;
  const images = { source, labels: labelled.labels, form: formOf(student) };
  return examine(student.network, bestValues(state), images, options.signal);
}
