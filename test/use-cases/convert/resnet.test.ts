import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { shapesOf } from '../../../src/cnn/leaves.ts';
import { resNetParams } from '../../../src/cnn/resnet-params.ts';
import { convertModel } from '../../../src/index.ts';
import { assemble } from '../../../src/weights/assemble.ts';
import { readCheckpoint } from '../../../src/weights/checkpoint.ts';
import type { ResNetConfig } from '../../../src/weights/cnn-architecture.ts';
import { describe as describeCheckpoint } from '../../../src/weights/describe.ts';
import { GOLDEN_FOLDER } from '../../support/goldens.ts';

const CNNS = `${GOLDEN_FOLDER}cnns/`;

let folder: string;
let output: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-convert-resnet-'));
  output = join(folder, 'converted');
});
afterEach(() => rm(folder, { recursive: true }));

/** All that decides a model's answers. */
async function readingOf(model: string) {
  const checkpoint = await readCheckpoint(model);
  const { description } = describeCheckpoint(checkpoint);
  const { config, imageSize, labels } = description;
  const shapes = shapesOf((leaf) => resNetParams(config as ResNetConfig, leaf));
  return { config, imageSize, labels, arrays: assemble(checkpoint, description, shapes) };
}

/** A copy of a model with another config.json. */
async function changed(name: string, change: (config: Record<string, unknown>) => object): Promise<string> {
  const copy = join(folder, 'changed');
  await cp(CNNS + name, copy, { recursive: true });
  const path = join(copy, 'config.json');
  await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')))));
  return copy;
}

test('strides of a configuration that are not one for each stage are refused', async () => {
  const short = await changed('timm-resnet-max-pool', (config) => ({ ...config, model_args: { strides: [2] } }));
  await expect(readingOf(short)).rejects.toThrow('strides: expected one for each of 4 stages, got 1');
});

test.each([
  'timm-resnet-basic',
  'timm-resnet-bottleneck',
  'timm-resnet-max-pool',
  'torchvision-resnet-basic',
  'torchvision-resnet-small-images',
  'hf-resnet-basic',
])('%s has the same network, parameters and labels under timm’s names', async (name) => {
  const { names } = await convertModel(CNNS + name, { output });
  expect(names).toBe('timm');
  const [before, after] = [await readingOf(CNNS + name), await readingOf(output)];
  expect(after).toStrictEqual(before);
});

test('float16 halves the file', async () => {
  await convertModel(`${CNNS}timm-resnet-basic`, { output });
  await convertModel(`${CNNS}timm-resnet-basic`, { output: `${output}-f16`, dtype: 'float16' });
  const [whole, half] = await Promise.all(
    [output, `${output}-f16`].map((each) => readFile(join(each, 'model.safetensors'))),
  );
  expect(half!.length / whole!.length).toBeLessThan(0.7);
});

test('refuses names that ResNets are not written with, a network that timm has not, and other CNNs', async () => {
  const early = convertModel(`${CNNS}hf-resnet-bottleneck`, { output });
  await expect(early).rejects.toThrow('expected a ResNet as timm has it');
  const first = await changed('hf-resnet-bottleneck', (config) => ({ ...config, downsample_in_bottleneck: false }));
  await expect(convertModel(first, { output })).rejects.toThrow('expected a ResNet as timm has it');
  const asTransformers = convertModel(`${CNNS}timm-resnet-basic`, { output, names: 'huggingface' });
  await expect(asTransformers).rejects.toThrow('names huggingface: expected timm for');
  const mobile = convertModel(`${CNNS}timm-mobilenet-v2`, { output });
  await expect(mobile).rejects.toThrow('expected a Vision Transformer or a ResNet, which alone can be converted, got');
});
