import { ArgumentError } from '../../errors.ts';
import { useBackend } from '../../tensor/backends/index.ts';
import type { BackendName } from '../../tensor/backends/index.ts';
import { subsetOf } from '../../training/labelled-images.ts';
import { guidedBy } from './guided-by.ts';
import { labelledFolder, loadImages } from './images.ts';
import type { LoadedImages } from './images.ts';
import type { NetworkChoice } from './network.ts';
import { recipeFor } from './recipe.ts';
import type { RecipeOptions } from './recipe.ts';
import { carryOut } from './run.ts';
import type { RunOptions, TrainResult } from './run.ts';
import { startOf } from './start.ts';
import type { CheckpointChoice } from './start.ts';
import { loadTeacher } from './teacher.ts';
import type { Interpolation } from '../../weights/preprocessing.ts';

export interface TrainOptions extends RunOptions {
  /** What is trained: a network from nothing, or one that has been trained before. */
  readonly network: NetworkChoice | CheckpointChoice;
  /** How images are brought to the size of a network from nothing; default bicubic. */
  readonly interpolation?: Interpolation | undefined;
  readonly recipe?: RecipeOptions | undefined;
  /** A model of the same classes to learn from, named as for `loadModel`. */
  readonly teacher?: string | undefined;
  /** Train on this part of each class, chosen by the recipe's seed; default 1, all of it. */
  readonly share?: number | undefined;
  /** A folder of labelled images that the model is tried on; no trials when absent. */
  readonly validation?: string | undefined;
  /** Try it on this part of each class of them; default 1, all of it. */
  readonly validationShare?: number | undefined;
  /** Bytes of decoded pixels to keep in memory; default 1 GiB. Images that take more are decoded each time. */
  readonly cacheBytes?: number | undefined;
  readonly backend?: BackendName | 'auto' | undefined;
  readonly threads?: number | undefined;
}

export const DEFAULT_CACHE = 2 ** 30;

/**
 * Trains a network on the labelled images of a folder, `<folder>/<class>/…`, and writes it as a model folder. The state of
 * the run is saved now and then, when it is aborted and at the end, so that it can go on to the same end.
 *
 * @throws ArgumentError, ImageError, TrainingError, BackendError; what `loadModel` throws for a checkpoint or a teacher; or
 * the signal's reason.
 */
export async function train(folder: string, options: TrainOptions): Promise<TrainResult> {
  const { backend = 'auto', threads, signal } = options;
  const labelled = subsetOf(await labelledFolder(folder), options.share ?? 1, options.recipe?.seed ?? 0);
  const recipe = recipeFor(withDistillation(options), labelled.paths.length);
  const lease = await useBackend(backend, { threads, precision: recipe.precision });
  try {
    const trial = await loadTrial(labelled.classes, options);
    const images = await loadImages(labelled, folder, options.cacheBytes ?? DEFAULT_CACHE);
    using start = await startOf(images, options);
    using teacher =
      options.teacher === undefined || recipe.distillation === null
        ? undefined
        : await loadTeacher(
            options.teacher,
            { classes: labelled.classes, how: recipe.distillation, guidance: recipe.guidance },
            { backend, threads, precision: recipe.precision, signal },
          );
    const student = guidedBy(teacher, start.student, recipe);
    return await carryOut({ ...start, student, recipe, images, trial, teacher, backend: lease, options });
  } finally {
    lease.release();
  }
}

/** DeiT's share of what a teacher says. */
const HARD = { kind: 'hard', weight: 0.5 } as const;

/** @throws ArgumentError for a teacher's loss without a teacher. */
function withDistillation({ recipe = {}, teacher }: TrainOptions): RecipeOptions {
  if (teacher !== undefined) return { ...recipe, distillation: recipe.distillation ?? HARD };
  if (!recipe.distillation && !recipe.guidance) return recipe;
  const asked = recipe.distillation ? 'distillation' : 'guidance';
  throw new ArgumentError(`${asked}: expected a teacher to learn from, got none. Name one, or leave it out.`);
}

/** Every run is tried on the same images. */
const VALIDATION_SEED = 0;

/** The images that a model is tried on, when there are any. */
export async function loadTrial(
  classes: readonly string[],
  options: Pick<TrainOptions, 'validation' | 'validationShare' | 'cacheBytes'>,
): Promise<LoadedImages | undefined> {
  const { validation, validationShare = 1, cacheBytes = DEFAULT_CACHE } = options;
  if (validation === undefined) return undefined;
  const labelled = subsetOf(await labelledFolder(validation), validationShare, VALIDATION_SEED);
  if (labelled.classes.join('/') !== classes.join('/')) {
    throw new ArgumentError(
      `validation: expected the classes that are trained, ${classes.join(', ')}; got ${labelled.classes.join(', ')}`,
    );
  }
  return loadImages(labelled, validation, cacheBytes);
}
