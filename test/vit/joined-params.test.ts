import { memory, tensor, tensor3d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { forward } from '../../src/nn/network.ts';
import { initialViT } from '../../src/training/initialise-vit.ts';
import { randomOf } from '../../src/training/random.ts';
import { buildViT } from '../../src/vit/build.ts';
import { forward as composed, vitLayers } from '../../src/vit/forward.ts';
import { joinedParams } from '../../src/vit/joined-params.ts';
import { paramShapes, vitParams } from '../../src/vit/params.ts';
import { variant } from '../../src/vit/variants.ts';
import type { ViTConfig } from '../../src/weights/architecture.ts';
import { describeBackends } from '../support/backends.ts';

const [P, D, DEPTH] = [4, 12, 3];
const POOLINGS = [{ kind: 'class-token' }, { kind: 'distilled' }, { kind: 'mean', norm: 'after' }] as const;

function configOf(pooling: ViTConfig['pooling']): ViTConfig {
  return variant('Ti', P, {
    imageSize: { height: 3 * P, width: 2 * P },
    dim: D,
    depth: DEPTH,
    numHeads: 2,
    numClasses: 3,
    mlp: { kind: 'plain', hiddenDim: 16, activation: 'gelu' },
    prefix: { classToken: true, distillationToken: pooling.kind === 'distilled', numRegisters: 0 },
    pooling,
  });
}

function arraysOf(config: ViTConfig) {
  const values = initialViT(config, randomOf(1));
  return new Map(
    [...paramShapes(config)].map(([name, shape]) => {
      const random = randomOf(2);
      return [name, { shape, data: values.get(name)!.map((value) => value + 0.3 * random.normal()) }] as const;
    }),
  );
}

function patchesOf(numImages: number): Tensor3D {
  const random = randomOf(3);
  const size = numImages * 6 * 3 * P * P;
  return tensor3d(
    Float32Array.from({ length: size }, () => random.normal()),
    [numImages, 6, 3 * P * P],
  );
}

describeBackends('query, key and value as one product', () => {
  for (const pooling of POOLINGS) {
    test(`the answers are those of three, from all tokens and from those that are read: ${pooling.kind}`, () => {
      const config = configOf(pooling);
      const arrays = arraysOf(config);
      const patches = patchesOf(2);
      const separate = tidy(() => {
        const params = vitParams<Tensor>(config, (name, shape) => tensor(arrays.get(name)!.data, [...shape]));
        return composed({ config, params }, patches).dataSync();
      });
      using vit = buildViT(arrays, config, config);
      const joined = vit.params.blocks.filter(({ attention }) => 'qkv' in attention);
      expect(joined).toHaveLength(pooling.kind === 'mean' ? DEPTH : DEPTH - 1);
      const layers = vitLayers(vit);
      const whole = tidy(() => layers.reduce<Tensor>((x, layer) => layer.apply(x), patches).dataSync());
      const read = tidy(() => forward(layers, patches).dataSync());
      const probed = tidy(() => forward(layers, patches, () => {}).dataSync());
      const numRead = { 'class-token': 1, distilled: 2, mean: 7 }[pooling.kind];
      const last = tidy(() => {
        const x = forward(layers.slice(0, -2), patches);
        return layers.at(-2)!.applyUnseen!(x).shape;
      });
      expect(last).toEqual([2, numRead, D]);
      for (const logits of [whole, read, probed]) expect(logits).toBeCloseToArray(separate, { atol: 1e-5 });
      patches.dispose();
    });
  }

  test('the last of some layers gives every token', () => {
    const config = configOf({ kind: 'class-token' });
    using vit = buildViT(arraysOf(config), config, config);
    const patches = patchesOf(1);
    const trunk = vitLayers(vit).slice(0, -1);
    const shape = tidy(() => forward(trunk, patches).shape);
    expect(shape).toEqual([1, 7, D]);
    patches.dispose();
  });

  test('nothing is kept of what was joined', () => {
    const config = configOf({ kind: 'mean', norm: 'after' });
    const arrays = arraysOf(config);
    const before = memory().numTensors;
    const vit = buildViT(arrays, config, config);
    expect(memory().numTensors - before).toBe(arrays.size - 4 * DEPTH);
    vit[Symbol.dispose]();
    expect(memory().numTensors).toBe(before);
  });

  test('those that are normed each by itself stay apart', () => {
    const config = { ...configOf({ kind: 'mean', norm: 'after' }), qkNorm: true };
    const names: string[] = [];
    const part = (name: string): string => (names.push(name), name);
    joinedParams(config, undefined, { part, join: (parts) => parts.join('+'), place: (whole) => whole });
    expect(names).toEqual([...paramShapes(config).keys()]);
  });
});
