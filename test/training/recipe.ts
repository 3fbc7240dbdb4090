import type { Recipe } from '../../src/training/recipe.ts';

/** A recipe without anything random in it, for tests to change. */
export const recipe: Recipe = {
  precision: 'f32',
  seed: 1,
  steps: 10,
  batchSize: 4,
  accumulate: 1,
  optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  learningRate: 1e-3,
  warmupSteps: 0,
  finalShare: 0,
  weightDecay: 0,
  clipNorm: null,
  labelSmoothing: 0,
  averageDecay: 0,
  layerDecay: 1,
  freezeTrunk: false,
  stochasticDepth: 0,
  patchDrop: null,
  initialisation: 'usual',
  augmentation: { crop: null, flip: 0, randAugment: null, erasing: 0 },
  mixing: { mixup: 0, cutmix: 0 },
  distillation: null,
  guidance: null,
};
