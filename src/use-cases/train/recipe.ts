import * as z from 'zod';

import { ArgumentError } from '../../errors.ts';
import { Recipe } from '../../training/recipe.ts';

/** A recipe with everything left out that has a usual value; `epochs` in place of `steps`, if that is nearer at hand. */
export type RecipeOptions = { readonly [Key in keyof Recipe]?: Recipe[Key] | undefined } & {
  readonly epochs?: number | undefined;
  readonly warmupEpochs?: number | undefined;
};

const DEFAULT_EPOCHS = 100;
const DEFAULT_WARMUP_SHARE = 0.05;

/** AdamW as in DeiT's recipe, but for what only long runs can use, which is to be asked for. */
const USUAL: Omit<Recipe, 'steps' | 'warmupSteps'> = {
  seed: 0,
  precision: 'f32',
  batchSize: 64,
  accumulate: 1,
  optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  learningRate: 1e-3,
  finalShare: 0.01,
  weightDecay: 0.05,
  clipNorm: 1,
  labelSmoothing: 0.1,
  averageDecay: 0.999,
  layerDecay: 1,
  freezeTrunk: false,
  stochasticDepth: 0,
  patchDrop: null,
  initialisation: 'usual',
  augmentation: { crop: { kind: 'resized', minArea: 0.35 }, flip: 0.5, randAugment: null, erasing: 0 },
  mixing: { mixup: 0, cutmix: 0 },
  distillation: null,
  guidance: null,
};

/**
 * The recipe of a run on so many images.
 *
 * @throws ArgumentError that names what is out of range.
 */
export function recipeFor(options: RecipeOptions, numImages: number): Recipe {
  const { epochs = DEFAULT_EPOCHS, warmupEpochs, steps: asked, warmupSteps: askedWarmup, ...given } = options;
  const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const recipe = { ...USUAL, ...chosen };
  const stepsOf = (n: number): number => Math.ceil((n * numImages) / (recipe.batchSize * recipe.accumulate));
  const steps = asked ?? stepsOf(epochs);
  const warmupSteps =
    askedWarmup ?? (warmupEpochs === undefined ? Math.round(DEFAULT_WARMUP_SHARE * steps) : stepsOf(warmupEpochs));
  const parsed = Recipe.safeParse({ ...recipe, steps, warmupSteps });
  if (parsed.success) return parsed.data;
  throw new ArgumentError(`recipe: ${z.prettifyError(parsed.error)}`);
}
