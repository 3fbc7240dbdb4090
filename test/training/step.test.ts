import ndarray from 'ndarray';
import { expect, test } from 'vitest';

import { patchify } from '../../src/image/patches.ts';
import type { Batch } from '../../src/training/batch.ts';
import type { Recipe } from '../../src/training/recipe.ts';
import { initialState } from '../../src/training/state.ts';
import { takeStep } from '../../src/training/step.ts';
import { trainableViT } from '../../src/training/trainable-vit.ts';
import { paramShapes } from '../../src/vit/params.ts';
import type { NetworkConfig, ViTConfig } from '../../src/weights/architecture.ts';
import { assemble } from '../../src/weights/assemble.ts';
import { readCheckpoint } from '../../src/weights/checkpoint.ts';
import { describe as describeCheckpoint } from '../../src/weights/describe.ts';
import { describeBackends } from '../support/backends.ts';
import { GOLDEN_FOLDER, readGoldens } from '../support/goldens.ts';
import { recipe } from './recipe.ts';

interface Manifest {
  readonly model: string;
  readonly targets: readonly number[];
  readonly steps: number;
  readonly recipe: Partial<Recipe>;
  readonly runs: Record<string, { optimizer: Recipe['optimizer']; losses: number[]; gradientNorms: number[] }>;
}

/** Float32 against float64, ten steps on. */
const LOSS = 1e-4;
const PARAMETERS = { atol: 1e-4, rtol: 1e-3 };

/** Softmax does not see it: its gradient is zero but for rounding, and of that Adam makes whole steps. */
const ROUNDING_ALONE = 'attention.key.bias';

const goldens = readGoldens<Manifest>('training-steps');
const { manifest } = goldens;

describeBackends('ten optimiser steps of a whole network go as they do in torch', () => {
  test.each(Object.entries(manifest.runs))('%s', async (name, { optimizer, losses, gradientNorms }) => {
    const checkpoint = await readCheckpoint(`${GOLDEN_FOLDER}${manifest.model}`);
    const { description } = describeCheckpoint(checkpoint);
    const config = vitOf(description.config);
    const network = trainableViT(config);
    const given = assemble(checkpoint, description, paramShapes(config));
    const run: Recipe = { ...recipe, ...manifest.recipe, steps: manifest.steps, batchSize: 2, optimizer };
    const batch = goldenBatch(run.labelSmoothing);
    const batches = { at: async () => batch, close: async () => {} };

    let state = initialState(network, run, new Map([...given].map(([key, { data }]) => [key, data])));
    for (let step = 0; step < manifest.steps; step += 1) {
      const [next, report] = await takeStep({ network, recipe: run, batches }, state);
      expect(Math.abs(report.loss - losses[step]!), `loss of step ${step + 1}`).toBeLessThan(LOSS);
      expect(report.gradientNorm, `norm of step ${step + 1}`).toBeCloseTo(gradientNorms[step]!, 3);
      state = next;
    }

    network.dispose();
    for (const parameter of network.shapes.keys()) {
      const source = description.sourceOf(parameter);
      if (!goldens.has(`${name}/${source.name}`) || parameter.endsWith(ROUNDING_ALONE)) continue;
      const { shape, data } = goldens.array(`${name}/${source.name}`);
      const expected = source.convert({ shape, data: Float32Array.from(data) }).data;
      expect(state.values.get(parameter), parameter).toBeCloseToArray(expected, PARAMETERS);
    }
  });
});

function vitOf(config: NetworkConfig): ViTConfig {
  if (config.kind === 'vit') return config;
  throw new Error(`expected a ViT, got ${config.kind}`);
}

/** The two images of the model's own goldens with smoothed targets. */
function goldenBatch(labelSmoothing: number): Batch {
  const numClasses = 7;
  const { shape, data } = readGoldens(manifest.model).array('stages/pixels');
  const [B = 0, H = 0, W = 0, C = 0] = shape;
  const rows = new Float32Array(data.length);
  for (let i = 0; i < B; i += 1) {
    const image = Float32Array.from(data.subarray(i * H * W * C, (i + 1) * H * W * C));
    patchify(ndarray(image, [H, W, C]), 16, rows, i * H * W * C);
  }
  const targets = new Float32Array(B * numClasses).fill(labelSmoothing / numClasses);
  for (const [i, target] of manifest.targets.entries()) targets[i * numClasses + target]! += 1 - labelSmoothing;
  return { batchSize: B, numClasses, inputs: [rows], targets };
}
