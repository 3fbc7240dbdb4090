import { TrainingError } from '../errors.ts';
import type { UpdateKernels } from '../tensor/backends/index.ts';
import { add, dispose } from '../tensor/tfjs.ts';
import type { Batches } from './batch-ahead.ts';
import { gradientsOf } from './gradients.ts';
import type { Gradients, Teacher } from './gradients.ts';
import { muonDirection } from './muon.ts';
import { applyGradient, clipFactor, moveAgainst, normOf } from './optimizer.ts';
import { randomOf, STREAM } from './random.ts';
import type { Recipe } from './recipe.ts';
import { rateShare } from './schedule.ts';
import { isMatrix, optimizerOf, trainedNames } from './state.ts';
import type { TrainingState } from './state.ts';
import type { Pass, Trainable } from './trainable.ts';

/** What one optimiser step was like. */
export interface StepReport {
  /** From 1. */
  readonly step: number;
  /** Mean over the images of the step. */
  readonly loss: number;
  /** The share of images whose likeliest class was that of their label, 0…1. */
  readonly accuracy: number;
  readonly learningRate: number;
  /** Before it was clipped. */
  readonly gradientNorm: number;
  readonly images: number;
}

export interface Lesson {
  readonly network: Trainable;
  readonly recipe: Recipe;
  readonly batches: Batches;
  readonly teacher?: Teacher | undefined;
  /** The backend's own for changing parameters, or `plainUpdates`. */
  readonly kernels: UpdateKernels;
}

/**
 * One optimiser step: gradients of `accumulate` batches, averaged and clipped, change the parameters of `state` in place.
 *
 * @throws TrainingError when the loss or the gradients are no longer finite; the state is as it was before the step then.
 */
export async function takeStep(lesson: Lesson, state: TrainingState): Promise<[TrainingState, StepReport]> {
  const { network, recipe } = lesson;
  const names = trainedNames(network, recipe);
  const { loss, correct, images, gradients, running } = await accumulated(lesson, state, names);
  const step = state.step + 1;
  const learningRate = recipe.learningRate * rateShare(state.step, recipe);
  try {
    const gradientNorm = await changeParameters(lesson, state, { gradients, loss, step, learningRate });
    for (const [name, values] of running) state.values.get(name)!.set(values);
    updateAverage(state, lesson, step);
    return [
      { ...state, step },
      { step, loss, accuracy: correct / images, learningRate, gradientNorm, images },
    ];
  } finally {
    dispose([...gradients.values()]);
  }
}

interface KnownGradients extends Pick<Gradients, 'gradients' | 'loss'> {
  readonly step: number;
  /** Of the head. */
  readonly learningRate: number;
}

/** Gives the norm of the gradients before they were clipped. */
async function changeParameters(
  lesson: Lesson,
  state: TrainingState,
  { gradients, loss, step, learningRate }: KnownGradients,
): Promise<number> {
  const { recipe, kernels } = lesson;
  const read = [...gradients].map(([name, gradient]) => [name, kernels.valuesOf(gradient)] as const);
  const norm = normOf(read.map(([, values]) => values)) / recipe.accumulate;
  if (!Number.isFinite(loss) || !Number.isFinite(norm)) throw notFinite(step, loss, recipe);
  const gradientScale = clipFactor(norm, recipe.clipNorm ?? undefined) / recipe.accumulate;
  for (const [name, gradient] of read) {
    await changeParameter(lesson, state, { name, gradient, step, learningRate, gradientScale });
  }
  return norm;
}

interface ParameterStep {
  readonly name: string;
  readonly gradient: Float32Array;
  readonly step: number;
  /** Of the head. */
  readonly learningRate: number;
  readonly gradientScale: number;
}

async function changeParameter(
  { network, recipe, kernels }: Lesson,
  { values, memory }: TrainingState,
  { name, gradient, step, learningRate, gradientScale }: ParameterStep,
): Promise<void> {
  const shape = network.shapes.get(name) ?? [];
  const optimizer = optimizerOf(network, recipe, name);
  const change = {
    learningRate: learningRate * recipe.layerDecay ** (network.numDepths - 1 - network.depthOf(name)),
    weightDecay: isMatrix(name, shape) ? recipe.weightDecay : 0,
  };
  const [own, remembered] = [values.get(name)!, memory.get(name)!];
  if (optimizer.kind !== 'muon') {
    applyGradient(optimizer, own, gradient, remembered, { ...change, step, gradientScale }, kernels);
    return;
  }
  const how = { beta: optimizer.momentum, gradientScale };
  moveAgainst(await muonDirection(gradient, remembered[0]!, shape, how), own, change);
}

interface Accumulated extends Gradients {
  readonly images: number;
}

async function accumulated(lesson: Lesson, state: TrainingState, names: readonly string[]): Promise<Accumulated> {
  const { network, recipe, batches, teacher } = lesson;
  const { accumulate } = recipe;
  let total: Accumulated | undefined;
  let { values } = state;
  try {
    for (let i = 0; i < accumulate; i += 1) {
      const index = state.step * accumulate + i;
      const batch = await batches.at(index);
      const pass = passOf(recipe, state.step, index);
      const made = await gradientsOf(network, values, names, batch, { pass, precision: recipe.precision, teacher });
      total = total === undefined ? { ...made, images: batch.batchSize } : sumOf(total, made, batch.batchSize);
      // The next batch of the step goes on from what this one has changed.
      values = new Map([...values, ...made.running]);
    }
  } catch (error) {
    dispose([...(total?.gradients.values() ?? [])]);
    throw error;
  }
  return { ...total!, loss: total!.loss / accumulate };
}

/** Features that do not change are those of inference: nothing is left out and batch norms keep their statistics. */
function passOf({ seed, steps, stochasticDepth, patchDrop, freezeTrunk }: Recipe, step: number, batch: number): Pass {
  if (freezeTrunk) return { training: false };
  const isDropping = patchDrop !== null && step < patchDrop.until * steps;
  return {
    training: true,
    stochasticDepth,
    patchDrop: isDropping ? patchDrop.rate : 0,
    random: randomOf(seed, STREAM.depth, batch),
  };
}

function sumOf(total: Accumulated, { loss, correct, gradients, running }: Gradients, images: number): Accumulated {
  const sums = [...total.gradients].map(([name, sum]) => [name, add(sum, gradients.get(name)!)] as const);
  dispose([...total.gradients.values(), ...gradients.values()]);
  return {
    gradients: new Map(sums),
    loss: total.loss + loss,
    correct: total.correct + correct,
    images: total.images + images,
    running,
  };
}

/** The average's memory is short at first, so that the random beginning is soon out of it. */
function updateAverage({ values, average }: TrainingState, { recipe, kernels }: Lesson, step: number): void {
  if (average === undefined) return;
  const decay = Math.min(recipe.averageDecay, (1 + step) / (10 + step));
  for (const [name, kept] of average) kernels.moveAverage(kept, values.get(name)!, decay);
}

function notFinite(step: number, loss: number, { learningRate }: Recipe): TrainingError {
  const got = Number.isFinite(loss) ? 'a gradient that is not' : `a loss of ${loss}`;
  return new TrainingError(
    `step ${step}: expected a finite loss and gradient, got ${got}. The learning rate ${learningRate} may be too high; ` +
      'begin another run from the model of this one with a lower one.',
  );
}
