import { emptyMemory } from './optimizer.ts';
import type { Memory, Muon, SimpleOptimizer } from './optimizer.ts';
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
  const initial = network.initial(randomOf(recipe.seed, STREAM.initial), recipe.initialisation);
  const values = new Map([...initial].map(([name, random]) => [name, given.get(name)?.slice() ?? random]));
  const memory = trainedNames(network, recipe).map(
    (name) => [name, emptyMemory(optimizerOf(network, recipe, name), values.get(name)!.length)] as const,
  );
  const average =
    recipe.averageDecay > 0 ? new Map([...values].map(([name, data]) => [name, data.slice()])) : undefined;
  return { step: 0, values, memory: new Map(memory), average };
}

/** What changes a parameter: Muon only matrices and convolutions between the input and the head. */
export function optimizerOf(network: Trainable, { optimizer }: Recipe, name: string): SimpleOptimizer | Muon {
  if (optimizer.kind !== 'muon') return optimizer;
  const depth = network.depthOf(name);
  const isInner = depth > 0 && depth < network.numDepths - 1;
  return isInner && isMatrix(name, network.shapes.get(name) ?? []) ? optimizer : optimizer.others;
}

/** A matrix of a linear layer or a convolution, as opposed to tokens, positions, norms and biases. */
export function isMatrix(name: string, shape: readonly number[]): boolean {
  return shape.length >= 2 && name.endsWith('.kernel');
}

/** The parameters that gradients change. */
export function trainedNames(network: Trainable, { freezeTrunk }: Recipe): string[] {
  return [...network.shapes.keys()].filter((name) => !freezeTrunk || network.isHead(name));
}

/** What the run has made so far, as a model to use: the average where there is one. */
export function bestValues({ values, average }: TrainingState): ReadonlyMap<string, Float32Array> {
  return average ?? values;
}
