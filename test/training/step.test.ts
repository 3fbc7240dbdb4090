import ndarray from 'ndarray';
import { getBackend, getKernel } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { isRunningStatistic, shapesOf } from '../../src/cnn/leaves.ts';
import { resNetParams } from '../../src/cnn/resnet-params.ts';
import { patchify } from '../../src/image/patches.ts';
import type { Batch } from '../../src/training/batch.ts';
import { plainUpdates } from '../../src/training/optimizer.ts';
import type { Recipe } from '../../src/training/recipe.ts';
import { initialState } from '../../src/training/state.ts';
import { takeStep } from '../../src/training/step.ts';
import { trainableResNet } from '../../src/training/trainable-resnet.ts';
import { trainableViT } from '../../src/training/trainable-vit.ts';
import type { Trainable } from '../../src/training/trainable.ts';
import { paramShapes } from '../../src/vit/params.ts';
import { assemble } from '../../src/weights/assemble.ts';
import { readCheckpoint } from '../../src/weights/checkpoint.ts';
import { describe as describeCheckpoint } from '../../src/weights/describe.ts';
import type { Description } from '../../src/weights/family.ts';
import { describeBackends } from '../support/backends.ts';
import { GOLDEN_FOLDER, readGoldens } from '../support/goldens.ts';
import { recipe } from './recipe.ts';

interface Manifest {
  readonly targets: readonly number[];
  readonly steps: number;
  readonly recipe: Partial<Recipe>;
  readonly runs: Record<
    string,
    { model: string; optimizer: Recipe['optimizer']; losses: number[]; gradientNorms: number[] }
  >;
}

/** Float32 against float64, ten steps on. */
const LOSS = 1e-4;
const PARAMETERS = { atol: 1e-4, rtol: 1e-3 };

/** Softmax does not see it: its gradient is zero but for rounding, and of that Adam makes whole steps. */
const ROUNDING_ALONE = 'attention.key.bias';

const goldens = readGoldens<Manifest>('training-steps');
const { manifest } = goldens;

type Run = Manifest['runs'][string];

/** A run's network with torch's parameters, and its lesson but for what differs between tests. */
async function lessonOf({ model, optimizer }: Run) {
  const { network, given, description } = await networkOf(model);
  const taken: Recipe = { ...recipe, ...manifest.recipe, steps: manifest.steps, batchSize: 2, optimizer };
  const batch = goldenBatch(model, network, taken.labelSmoothing);
  const batches = { at: async () => batch, close: async () => {} };
  return { network, given, description, taken, batches };
}

describeBackends('ten optimiser steps of a whole network go as they do in torch', (lease) => {
  test.for(Object.entries(manifest.runs))('%s', async ([name, run], { skip }) => {
    const { losses, gradientNorms } = run;
    const kernel = 'Conv2DBackpropFilter';
    if (name.startsWith('resnet') && getBackend() === 'cpu')
      skip('plain JavaScript takes seconds for its convolutions');
    if (name.startsWith('resnet') && getKernel(kernel, getBackend()) === undefined) {
      skip(`${getBackend()} has no ${kernel}`);
    }
    const { network, given, description, taken, batches } = await lessonOf(run);

    let state = initialState(network, taken, given);
    for (let step = 0; step < manifest.steps; step += 1) {
      const [next, report] = await takeStep(
        { network, recipe: taken, batches, kernels: lease().updates ?? plainUpdates },
        state,
      );
      expect(Math.abs(report.loss - losses[step]!), `loss of step ${step + 1}`).toBeLessThan(LOSS);
      expect(report.gradientNorm, `norm of step ${step + 1}`).toBeCloseTo(gradientNorms[step]!, 3);
      state = next;
    }

    network.dispose();
    let compared = 0;
    for (const parameter of state.values.keys()) {
      const source = description.sourceOf(parameter);
      if (!goldens.has(`${name}/${source.name}`) || parameter.endsWith(ROUNDING_ALONE)) continue;
      const { shape, data } = goldens.array(`${name}/${source.name}`);
      const expected = source.convert({ shape, data: Float32Array.from(data) }).data;
      expect(state.values.get(parameter), parameter).toBeCloseToArray(expected, PARAMETERS);
      compared += 1;
    }
    expect(compared).toBeGreaterThanOrEqual(8);
  });
});

/** How far ten steps may go from torch's losses in float64. */
const STRAYS = [
  ['bf16x3', LOSS],
  ['bf16', 5e-3],
] as const;

describeBackends('ten steps with products of bfloat16', () => {
  test.for(STRAYS)('in %s keep their parameters in float32', async ([precision, tolerance], { skip }) => {
    if (getBackend() !== 'native') skip('only native has other products than float32');
    const [, run] = Object.entries(manifest.runs).find(([name]) => !name.startsWith('resnet'))!;
    const { network, given, taken, batches } = await lessonOf(run);
    let state = initialState(network, taken, given);
    for (let step = 0; step < manifest.steps; step += 1) {
      const [next, { loss }] = await takeStep(
        { network, recipe: { ...taken, precision }, batches, kernels: plainUpdates },
        state,
      );
      expect(Math.abs(loss - run.losses[step]!), `loss of step ${step + 1}`).toBeLessThan(tolerance);
      state = next;
    }
    network.dispose();
    const [, kernel] = [...state.values].find(([parameter]) => /^blocks\.0\..*\.kernel$/.test(parameter))!;
    const bits = new Uint32Array(kernel.slice().buffer);
    expect(bits.some((each) => (each & 0xffff) !== 0)).toBe(true);
  });
});

interface GoldenNetwork {
  readonly network: Trainable;
  readonly given: ReadonlyMap<string, Float32Array>;
  readonly description: Description;
}

async function networkOf(model: string): Promise<GoldenNetwork> {
  const checkpoint = await readCheckpoint(`${GOLDEN_FOLDER}${model}`);
  const { description } = describeCheckpoint(checkpoint);
  const { config } = description;
  const arrays = (shapes: ReadonlyMap<string, readonly number[]>) =>
    new Map([...assemble(checkpoint, description, shapes)].map(([key, { data }]) => [key, data]));
  if (config.kind === 'vit') {
    return { network: trainableViT(config), given: arrays(paramShapes(config)), description };
  }
  if (config.kind !== 'resnet') throw new Error(`expected a ViT or a ResNet, got ${config.kind}`);
  const shapes = shapesOf((leaf) => resNetParams(config, leaf));
  expect([...shapes.keys()].some(isRunningStatistic)).toBe(true);
  return { network: trainableResNet(config, { height: 16, width: 16 }), given: arrays(shapes), description };
}

/** The two images of the model's own goldens with smoothed targets. */
function goldenBatch(model: string, { layout }: Trainable, labelSmoothing: number): Batch {
  const numClasses = 7;
  const { shape, data } = readGoldens(model).array('stages/pixels');
  const [B = 0, H = 0, W = 0, C = 0] = shape;
  const pixels = Float32Array.from(data);
  const rows = new Float32Array(data.length);
  for (let i = 0; i < B && layout.kind === 'patches'; i += 1) {
    const image = pixels.slice(i * H * W * C, (i + 1) * H * W * C);
    patchify(ndarray(image, [H, W, C]), layout.patchSize, rows, i * H * W * C);
  }
  const targets = new Float32Array(B * numClasses).fill(labelSmoothing / numClasses);
  for (const [i, target] of manifest.targets.entries()) targets[i * numClasses + target]! += 1 - labelSmoothing;
  return { batchSize: B, numClasses, inputs: [layout.kind === 'patches' ? rows : pixels], targets };
}
