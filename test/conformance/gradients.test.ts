// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { div, grads, logSoftmax, mul, neg, oneHot, sum, tensor, tensor3d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import ndarray from 'ndarray';
import { expect, test } from 'vitest';

import { patchify } from '../../src/image/patches.ts';
import { forward } from '../../src/vit/forward.ts';
import { geometryOf } from '../../src/vit/geometry.ts';
import { paramShapes, vitParams } from '../../src/vit/params.ts';
import type { ViTConfig } from '../../src/weights/architecture.ts';
import { assemble } from '../../src/weights/assemble.ts';
import { readCheckpoint } from '../../src/weights/checkpoint.ts';
import { describe as describeCheckpoint } from '../../src/weights/describe.ts';
import { describeBackends } from '../support/backends.ts';
import { GOLDEN_FOLDER, readGoldens } from '../support/goldens.ts';

/** Float32 through a forward and a backward pass against float64; the gradients are of order 0.01 to 1. */
const GRADIENTS = { atol: 1e-5, rtol: 1e-4 };

const goldens = readGoldens<{ targets: number[]; losses: Record<string, number> }>('vit-gradients');

describeBackends('gradients of the cross-entropy of a whole network agree with torch in float64', () => {
  test.each(Object.entries(goldens.manifest.losses))('%s', async (name, expectedLoss) => {
    const checkpoint = await readCheckpoint(`${GOLDEN_FOLDER}${name}`);
    const { description } = describeCheckpoint(checkpoint);
    const config = description.config as ViTConfig;
    const arrays = assemble(checkpoint, description, paramShapes(config));
    const names = [...arrays.keys()];

    const { loss, gradients } = tidy(() => {
      const params = [...arrays.values()].map(({ data, shape }) => tensor(data, [...shape]));
      const patches = goldenPatches(name, config);
      const lossOf = (...values: Tensor[]): Tensor => crossEntropy(config, names, values, patches);
      return {
        loss: lossOf(...params).dataSync()[0],
        gradients: grads(lossOf)(params).map((gradient) => gradient.dataSync<'float32'>()),
      };
    });

    expect(loss).toBeCloseTo(expectedLoss, 5);
    const stored = names.filter((parameter) => goldens.has(`${name}/${description.sourceOf(parameter).name}`));
    expect(stored.length).toBeGreaterThanOrEqual(20);
    for (const parameter of stored) {
      const source = description.sourceOf(parameter);
      const { shape, data } = goldens.array(`${name}/${source.name}`);
      // A gradient has the layout of its parameter, so it is converted as the weights are.
      const expected = source.convert({ shape, data: Float32Array.from(data) }).data;
      expect(gradients[names.indexOf(parameter)], parameter).toBeCloseToArray(expected, GRADIENTS);
    }
  });
});

function crossEntropy(
  config: ViTConfig,
  names: readonly string[],
  values: readonly Tensor[],
  patches: Tensor3D,
): Tensor {
  const { targets } = goldens.manifest;
  const params = vitParams(config, (parameter) => values[names.indexOf(parameter)]!);
  const logits = forward({ config, params }, patches);
  return div(neg(sum(mul(logSoftmax(logits), oneHot(targets, config.numClasses)))), targets.length);
}

function goldenPatches(name: string, config: ViTConfig): Tensor3D {
  const { shape, data } = readGoldens(name).array('stages/pixels');
  const [B = 0, H = 0, W = 0, C = 0] = shape;
  const { numPatches, patchDim } = geometryOf(config);
  const stacked = new Float32Array(B * numPatches * patchDim);
  for (let i = 0; i < B; i += 1) {
    const image = Float32Array.from(data.subarray(i * H * W * C, (i + 1) * H * W * C));
    patchify(ndarray(image, [H, W, C]), config.patchSize, stacked, i * numPatches * patchDim);
  }
  return tensor3d(stacked, [B, numPatches, patchDim]);
}
