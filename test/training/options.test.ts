import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { useBackend } from '../../src/tensor/backends/index.ts';
import type { BackendLease } from '../../src/tensor/backends/index.ts';
import type { Batch } from '../../src/training/batch.ts';
import { plainUpdates } from '../../src/training/optimizer.ts';
import { randomOf } from '../../src/training/random.ts';
import type { Recipe } from '../../src/training/recipe.ts';
import { initialState } from '../../src/training/state.ts';
import type { TrainingState } from '../../src/training/state.ts';
import { takeStep } from '../../src/training/step.ts';
import { trainableViT } from '../../src/training/trainable-vit.ts';
import { variant } from '../../src/vit/variants.ts';
import { recipe } from './recipe.ts';

const CONFIG = variant('Ti', 4, {
  imageSize: { height: 8, width: 8 },
  dim: 6,
  depth: 2,
  numHeads: 2,
  numClasses: 3,
  mlp: { kind: 'plain', hiddenDim: 10, activation: 'gelu' },
});
/** By which a parameter is moved exactly by its gradient times the rate. */
const SGD: Partial<Recipe> = { optimizer: { kind: 'sgd', momentum: 0, nesterov: false }, learningRate: 0.5 };
const ROUNDING = { atol: 1e-6 };

let lease: BackendLease;
beforeAll(async () => {
  lease = await useBackend('cpu');
});
afterAll(() => lease.release());

function batchOf(seed: number, size: number): Batch {
  const random = randomOf(seed);
  const inputs = [Float32Array.from({ length: size * 4 * 48 }, () => random.normal())];
  const targets = new Float32Array(size * 3);
  for (let i = 0; i < size; i += 1) targets[3 * i + random.below(3)] = 1;
  return { batchSize: size, numClasses: 3, inputs, targets };
}

/** The state after steps on the batches in turn, and the first one's, which the steps change in place, as it was. */
async function stepped(batches: readonly Batch[], change: Partial<Recipe>, steps = 1) {
  const network = trainableViT(CONFIG);
  const taken: Recipe = { ...recipe, ...change };
  let state = initialState(network, taken);
  const before = new Map([...state.values].map(([name, values]) => [name, values.slice()]));
  const given = { at: async (i: number) => batches[i]!, close: async () => {} };
  const lesson = { network, recipe: taken, batches: given, kernels: plainUpdates };
  try {
    for (let i = 0; i < steps; i += 1) [state] = await takeStep(lesson, state);
  } finally {
    network.dispose();
  }
  return { before, state };
}

function movedOf(
  { before, state }: { before: Map<string, Float32Array>; state: TrainingState },
  name: string,
): Float32Array {
  return state.values.get(name)!.map((value, i) => value - before.get(name)![i]!);
}

describe('a step', () => {
  test('of two accumulated batches is that of one of both', async () => {
    const [first, second] = [batchOf(1, 2), batchOf(2, 2)];
    const both: Batch = {
      ...first,
      batchSize: 4,
      inputs: [Float32Array.from([...first.inputs[0]!, ...second.inputs[0]!])],
      targets: Float32Array.from([...first.targets, ...second.targets]),
    };
    const apart = await stepped([first, second], { ...SGD, accumulate: 2 });
    const together = await stepped([both], SGD);
    for (const [name, values] of together.state.values) {
      expect(apart.state.values.get(name), name).toBeCloseToArray(values, ROUNDING);
    }
  });

  test('with layer-wise decay moves each layer by that much less than the next', async () => {
    const plain = await stepped([batchOf(1, 3)], SGD);
    const decayed = await stepped([batchOf(1, 3)], { ...SGD, layerDecay: 0.5 });
    const shares = { 'head.kernel': 1, 'blocks.1.mlp.output.kernel': 1 / 2, 'blocks.0.mlp.output.kernel': 1 / 4 };
    for (const [name, share] of Object.entries({ ...shares, 'patchEmbedding.kernel': 1 / 8 })) {
      const whole = movedOf(plain, name);
      expect(movedOf(decayed, name), name).toBeCloseToArray(
        whole.map((move) => move * share),
        ROUNDING,
      );
    }
  });

  test('decays matrices alone', async () => {
    const idle = { ...SGD, weightDecay: 0.1, freezeTrunk: false };
    const [with_, without] = [await stepped([batchOf(1, 3)], idle), await stepped([batchOf(1, 3)], SGD)];
    for (const [name, start] of without.before) {
      const difference = movedOf(with_, name).map((move, i) => move - movedOf(without, name)[i]!);
      const decay = name.endsWith('.kernel') ? start.map((value) => -0.05 * value) : start.map(() => 0);
      expect(difference, name).toBeCloseToArray(decay, ROUNDING);
    }
  });

  test('moves the average by its decay, which is shorter at first', async () => {
    const { before, state } = await stepped([batchOf(1, 3)], { ...SGD, averageDecay: 0.999 });
    const name = 'head.kernel';
    const decay = 2 / 11;
    const expected = before.get(name)!.map((start, i) => decay * start + (1 - decay) * state.values.get(name)![i]!);
    expect(state.average?.get(name)).toBeCloseToArray(expected, ROUNDING);
  });

  test('whose loss is not finite is refused, and changes nothing', async () => {
    const network = trainableViT(CONFIG);
    const broken = { ...batchOf(1, 2), targets: new Float32Array(6).fill(Number.NaN) };
    const state = initialState(network, recipe);
    const before = new Map([...state.values].map(([name, values]) => [name, values.slice()]));
    const batches = { at: async () => broken, close: async () => {} };
    const lesson = { network, recipe, batches, kernels: plainUpdates };
    await expect(takeStep(lesson, state)).rejects.toThrow('step 1: expected a finite loss and gradient');
    network.dispose();
    expect(state.values).toEqual(before);
  });
});

describe('stochastic depth', () => {
  test('leaves out all of a block that is always left out, and none of the first', async () => {
    const { before, state } = await stepped([batchOf(1, 2)], { ...SGD, stochasticDepth: 0.999999 });
    expect(movedOf({ before, state }, 'blocks.1.mlp.output.kernel').every((move) => move === 0)).toBe(true);
    expect(movedOf({ before, state }, 'blocks.0.mlp.output.kernel').some((move) => move !== 0)).toBe(true);
  });

  test('is the same for the same seed and step', async () => {
    const half = { ...SGD, stochasticDepth: 0.5 };
    const runs = [await stepped([batchOf(1, 4)], half), await stepped([batchOf(1, 4)], half)];
    expect(runs[0]!.state.values).toEqual(runs[1]!.state.values);
    const other = await stepped([batchOf(1, 4)], { ...half, seed: 2 });
    expect(other.state.values).not.toEqual(runs[0]!.state.values);
  });
});

describe('patch dropout', () => {
  const dropped = { ...SGD, patchDrop: { rate: 0.5, until: 0.5 }, steps: 2 };
  const moves = async (batch: Batch, steps: number): Promise<boolean[]> => {
    const moved = movedOf(await stepped([batch, batch], dropped, steps), 'positions');
    return Array.from({ length: 5 }, (_, n) => moved.subarray(n * 6, (n + 1) * 6).some((move) => move !== 0));
  };

  test('leaves out its share of the patches, up to its part of the steps', async () => {
    const [classToken, ...patches] = await moves(batchOf(1, 1), 1);
    expect(classToken).toBe(true);
    expect(patches.filter(Boolean)).toHaveLength(2);
    expect(await moves(batchOf(1, 1), 2)).toEqual([true, true, true, true, true]);
  });

  test('leaves out others in other images', async () => {
    const [, ...patches] = await moves(batchOf(1, 32), 1);
    expect(patches).toEqual([true, true, true, true]);
  });
});
