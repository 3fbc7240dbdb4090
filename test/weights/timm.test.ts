import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { ConfigError, WeightsError } from '../../src/errors.ts';
import { paramShapes } from '../../src/vit/params.ts';
import type { NamedArray } from '../../src/weights/arrays.ts';
import { assemble } from '../../src/weights/assemble.ts';
import { readCheckpoint } from '../../src/weights/checkpoint.ts';
import type { Checkpoint } from '../../src/weights/checkpoint.ts';
import type { ViTConfig } from '../../src/weights/architecture.ts';
import { describe as describeCheckpoint } from '../../src/weights/describe.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';

const FOLDER = `${GOLDEN_FOLDER}vit-tiny-random`;

/** Reads the published tiny checkpoint with a changed configuration or changed tensors. */
async function changed(
  config: object,
  tensors: Readonly<Record<string, NamedArray | undefined>> = {},
): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(FOLDER);
  const arrays = new Map(checkpoint.arrays);
  for (const [name, array] of Object.entries(tensors)) {
    if (array === undefined) arrays.delete(name);
    else arrays.set(name, array);
  }
  const published = JSON.parse(readFileSync(`${FOLDER}/config.json`, 'utf8')) as object;
  return { where: 'm', config: { ...published, ...config }, preprocessor: undefined, arrays };
}

test('reads the shape, the labels and the recipe of a published checkpoint', async () => {
  const { family, description } = describeCheckpoint(await changed({}));
  expect(family.name).toBe('timm ViT');
  expect(description.config).toMatchObject({
    dim: 36,
    depth: 3,
    numHeads: 3,
    mlp: { kind: 'plain', hiddenDim: 108, activation: 'gelu' },
    numClasses: 7,
    patchSize: 16,
  });
  expect(description.labels).toEqual(['ant', 'bee', 'cat', 'dog', 'eel', 'fox', 'gnu']);
  expect(description.preprocessingAt({ height: 48, width: 48 }).resize).toEqual({ kind: 'shorter-edge', size: 53 });
  expect(description.preprocessingAt({ height: 48, width: 96 }).resize).toEqual({
    kind: 'cover',
    size: { height: 53, width: 106 },
  });
});

describe('preprocessing follows pretrained_cfg', () => {
  const recipe = async (pretrained_cfg: object) =>
    describeCheckpoint(await changed({ pretrained_cfg })).description.preprocessingAt({ height: 48, width: 48 });

  test('timm’s defaults fill what it leaves out', async () => {
    expect(await recipe({ input_size: [3, 48, 48] })).toEqual({
      imageSize: { height: 48, width: 48 },
      resize: { kind: 'shorter-edge', size: 54 },
      interpolation: 'bicubic',
      cropRounding: 'half-even',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
  });

  test('squash and border', async () => {
    const size = { height: 48, width: 48 };
    expect((await recipe({ crop_pct: 1, crop_mode: 'squash' })).resize).toEqual({ kind: 'squash', size });
    expect((await recipe({ crop_pct: 1, crop_mode: 'border' })).resize).toEqual({ kind: 'border', size });
  });

  test('numbers out of range are named', async () => {
    await expect(recipe({ crop_pct: 0 })).rejects.toThrow(ConfigError);
    await expect(recipe({ std: [0, 1, 1] })).rejects.toThrow(/std/);
    await expect(recipe({ input_size: [3, 1e9, 48] })).rejects.toThrow(/input_size/);
    await expect(recipe({ interpolation: 'magic' })).rejects.toThrow(/interpolation/);
  });
});

describe('a checkpoint that is not what it says is refused', () => {
  const assembled = async (config: object, tensors: Readonly<Record<string, NamedArray | undefined>>) => {
    const checkpoint = await changed(config, tensors);
    const { description } = describeCheckpoint(checkpoint);
    return assemble(checkpoint, description, paramShapes(description.config as ViTConfig));
  };
  const vector = { shape: [5], data: new Float32Array(5) };

  test('whole, it gives every parameter and leaves no tensor', async () => {
    expect((await assembled({}, {})).size).toBe(4 + 3 * 16 + 4);
  });

  test('missing, misshapen and unexpected tensors are listed together', async () => {
    const tensors = { 'norm.weight': undefined, 'blocks.1.norm1.bias': vector, 'head_dist.bias': vector };
    await expect(assembled({}, tensors)).rejects.toThrow(
      new WeightsError(
        'm: expected the tensors of vit_tiny_patch16_224: missing norm.weight; ' +
          'wrong shape blocks.1.norm1.bias [5] for blocks.1.norm1.bias [36]; unexpected head_dist.bias',
      ),
    );
  });

  test('labels of another count', async () => {
    await expect(assembled({ label_names: ['a'] }, {})).rejects.toThrow('label_names: expected 7 names, got 1');
  });

  test('heads that nothing tells', async () => {
    await expect(assembled({ model_args: { img_size: 48 }, architecture: 'vit_odd' }, {})).rejects.toThrow(
      'expected model_args.num_heads',
    );
  });

  test('tensors of no known family', async () => {
    const arrays = new Map([['conv1.weight', vector]]);
    expect(() => describeCheckpoint({ where: 'm', config: {}, preprocessor: undefined, arrays })).toThrow(
      /^m: expected the tensor names of timm ViT, .*Google JAX ViT, timm ResNet, .*; got 1 tensors: conv1\.weight/,
    );
  });
});
