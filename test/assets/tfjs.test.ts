import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { io, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { afterAll, describe, expect, test } from 'vitest';

import { shapesOf } from '../../src/cnn/leaves.ts';
import { mobileNetV2Params } from '../../src/cnn/mobilenet-v2-params.ts';
import { loadModel } from '../../src/index.ts';
import type { BackendName, Prediction } from '../../src/index.ts';
import { useBackend } from '../../src/tensor/backends/index.ts';
import { assemble } from '../../src/weights/assemble.ts';
import type { NamedArrays } from '../../src/weights/arrays.ts';
import { readCheckpoint } from '../../src/weights/checkpoint.ts';
import type { MobileNetV2Config } from '../../src/weights/cnn-architecture.ts';
import { describe as describeCheckpoint } from '../../src/weights/describe.ts';
import { ASSETS, expectedAnswers, HAS_ASSETS } from './assets.ts';

/** The same products in the same precision, with the batch norms by themselves here and folded there. */
const PROBABILITIES = { atol: 1e-4 };
const MODEL = `${ASSETS}mobilenet-v2-224`;

const scratch = mkdtempSync(join(tmpdir(), 'patchlens-tfjs-assets-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe.runIf(HAS_ASSETS)('MobileNetV2 as a TensorFlow.js model', () => {
  test('answers as the checkpoint that it was made of does', { timeout: 600_000 }, async () => {
    const folder = join(scratch, 'mobilenet');
    await exportKeras(folder);
    const paths = Object.keys(expectedAnswers()).map((name) => `${ASSETS}photos/${name}`);
    const expected = await answersOf(MODEL, 'wasm', paths);
    for (const backend of ['native', 'wasm'] as const) {
      const answers = await answersOf(folder, backend, paths);
      for (const [i, predictions] of answers.entries()) {
        const wanted = new Map(expected[i]!.map(({ index, probability }) => [index, probability]));
        expect(predictions[0]?.index, `${backend}: ${paths[i]}`).toBe(expected[i]![0]?.index);
        expect(predictions.map(({ probability }) => probability)).toBeCloseToArray(
          predictions.map(({ index }) => wanted.get(index) ?? 0),
          PROBABILITIES,
        );
      }
    }
  });
});

async function answersOf(path: string, backend: BackendName, images: readonly string[]): Promise<Prediction[][]> {
  using model = await loadModel(path, { backend });
  expect(model.info.numParameters).toBe(3_504_872);
  const answers: Prediction[][] = [];
  for await (const result of model.classifyAll(images, { topK: 1000 })) {
    answers.push(result.status === 'ok' ? [...result.predictions] : []);
  }
  return answers;
}

/** Writes the checkpoint as Keras has MobileNetV2, a convolution and its norm in layers of their own. */
async function exportKeras(folder: string): Promise<void> {
  const checkpoint = await readCheckpoint(MODEL);
  const { description } = describeCheckpoint(checkpoint);
  const { config } = description;
  if (config.kind !== 'mobilenet-v2') throw new Error(`${MODEL}: expected a MobileNetV2`);
  const shapes = shapesOf((leaf) => mobileNetV2Params(config, leaf));
  const arrays = assemble(checkpoint, description, shapes);
  const lease = await useBackend('cpu');
  const model = kerasOf(config, arrays);
  mkdirSync(folder);
  await model.save(
    io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData, format }) => {
      const weightsManifest = [{ paths: ['group1-shard1of1.bin'], weights: weightSpecs }];
      writeFileSync(join(folder, 'model.json'), JSON.stringify({ format, modelTopology, weightsManifest }));
      if (weightData instanceof ArrayBuffer)
        writeFileSync(join(folder, 'group1-shard1of1.bin'), Buffer.from(weightData));
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  model.dispose();
  lease.release();
  const settings = { resize: 'shorter-edge', crop: 0.875, interpolation: 'bilinear', mean: 0.5, std: 0.5 };
  writeFileSync(join(folder, 'patchlens.json'), JSON.stringify(settings));
}

function kerasOf(config: MobileNetV2Config, arrays: NamedArrays): LayersModel {
  const { layers } = tfl;
  const tensors: Tensor[] = [];
  const take = (name: string): Tensor => {
    const { data, shape } = arrays.get(name)!;
    const value = tensor(data, [...shape]);
    tensors.push(value);
    return value;
  };
  const unit = (
    x: SymbolicTensor,
    name: string,
    { stride = 1, depthwise = false, linear = false } = {},
  ): SymbolicTensor => {
    const [side = 1, , , filters = 1] = arrays.get(`${name}.kernel`)!.shape;
    const common = {
      kernelSize: side,
      strides: stride,
      padding: 'same',
      useBias: false,
      name: name.replaceAll('.', '_'),
    } as const;
    const convolution = depthwise ? layers.depthwiseConv2d(common) : layers.conv2d({ ...common, filters });
    const norm = layers.batchNormalization({ epsilon: config.epsilon, name: `${common.name}_norm` });
    const y = one(norm.apply(one(convolution.apply(x))));
    convolution.setWeights([take(`${name}.kernel`)]);
    norm.setWeights(['scale', 'bias', 'mean', 'variance'].map((part) => take(`${name}.norm.${part}`)));
    return linear ? y : one(layers.reLU({ maxValue: 6, name: `${common.name}_relu` }).apply(y));
  };
  const image = tfl.input({ shape: [224, 224, 3] });
  let x = unit(image, 'stem', { stride: 2 });
  for (const [i, { stride, expands, residual }] of config.blocks.entries()) {
    const wide = expands ? unit(x, `blocks.${i}.expand`) : x;
    const filtered = unit(wide, `blocks.${i}.depthwise`, { stride, depthwise: true });
    const narrow = unit(filtered, `blocks.${i}.project`, { linear: true });
    x = residual ? one(layers.add().apply([x, narrow])) : narrow;
  }
  const pooled = one(layers.globalAveragePooling2d({}).apply(unit(x, 'last')));
  const head = layers.dense({ units: config.numClasses, activation: 'softmax' });
  const outputs = one(head.apply(pooled));
  head.setWeights([take('head.kernel'), take('head.bias')]);
  for (const value of tensors) value.dispose();
  return tfl.model({ inputs: image, outputs, name: 'mobilenet_v2' });
}

function one(output: unknown): SymbolicTensor {
  if (output instanceof tfl.SymbolicTensor) return output;
  throw new Error('expected one symbolic tensor');
}
