import { emptyMemory } from './optimizer.ts';
import type { Memory } from './optimizer.ts';
import { randomOf, STREAM } from './random.ts';
import type { Recipe } from './recipe.ts';
import type { Trainable } from './trainable.ts';

/** Everything that a run has changed: with the recipe and the images, all that its next step depends on. */
export interface TrainingState {
  /** Optimiser steps done. */
  readonly step: number;
  /** Parameters, and what passes change, by dotted name. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** The optimiser's, of the parameters that it changes. */
  readonly memory: ReadonlyMap<string, Memory>;
  /** The moving average of `values`; absent without one. */
  readonly average: ReadonlyMap<string, Float32Array> | undefined;
}

/**
 * The state before the first step.
 *
 * @param given values that are not to be random, of a checkpoint to fine-tune.
 */
export function initialState(
  network: Trainable,
  recipe: Recipe,
  given: ReadonlyMap<string, Float32Array> = new Map(),
): TrainingState {
  const values = new Map<string, Float32Array>();
  for (const [index, [name, shape]] of [...network.shapes, ...network.runningShapes].entries()) {
    const random = randomOf(recipe.seed, STREAM.initial, index);
    values.set(name, given.get(name)?.slice() ?? network.initial(name, shape, random));
  }
  const memory = trainedNames(network, recipe).map(
    (name) => [name, emptyMemory(recipe.optimizer, values.get(name)!.length)] as const,
  );
  const average =
    recipe.averageDecay > 0 ? new Map([...values].map(([name, data]) => [name, data.slice()])) : undefined;
  return { step: 0, values, memory: new Map(memory), average };
}

/** The parameters that gradients change. */
export function trainedNames(network: Trainable, { freezeTrunk }: Recipe): string[] {
  return [...network.shapes.keys()].filter((name) => !freezeTrunk || network.isHead(name));
}

/** What the run has made so far, as a model to use: the average where there is one. */
export function bestValues({ values, average }: TrainingState): ReadonlyMap<string, Float32Array> {
  return average ?? values;
}
