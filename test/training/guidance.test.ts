import { dispose, tensor1d, tensor2d, tensor3d, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { useBackend } from '../../src/tensor/backends/index.ts';
import type { BackendLease } from '../../src/tensor/backends/index.ts';
import type { Batch } from '../../src/training/batch.ts';
import { gradientsOf } from '../../src/training/gradients.ts';
import type { Teacher } from '../../src/training/gradients.ts';
import { guidanceTargets, guided } from '../../src/training/guidance.ts';
import { guidanceLoss } from '../../src/training/loss.ts';
import { randomOf } from '../../src/training/random.ts';
import { trainableResNet } from '../../src/training/trainable-resnet.ts';
import { trainableViT } from '../../src/training/trainable-vit.ts';
import type { Pass } from '../../src/training/trainable.ts';
import { smallResNet } from '../../src/cnn/resnet-variants.ts';
import { variant } from '../../src/vit/variants.ts';
import { describeBackends } from '../support/backends.ts';

const SIZE = { height: 8, width: 8 };
const DIM = 6;
const CONFIG = variant('Ti', 4, {
  imageSize: SIZE,
  dim: DIM,
  depth: 2,
  numHeads: 2,
  numClasses: 3,
  mlp: { kind: 'plain', hiddenDim: 10, activation: 'gelu' },
});
const [B, N] = [2, 4];

describeBackends('guidance', () => {
  test('asks of each place for its features with mean 0 and variance 1', () => {
    // Places of two channels, and one that is 0 everywhere.
    const map = [1, 3, -2, 6, 0, 0, 5, 5];
    const targets = tidy(() => guidanceTargets(tensor4d(map, [1, 2, 2, 2])).dataSync());
    expect(targets).toBeCloseToArray([-1, 1, -1, 1, 0, 0, 0, 0], { atol: 1e-5 });
  });

  test('is the mean of the squared differences, of the patches that are there', () => {
    const teacher = [1, 2, 3, 4, 5, 6, 7, 8];
    const of = (values: number[], n: number, rows?: number[]): number =>
      tidy(() => {
        const features = {
          values: tensor3d(values, [2, n, 2]),
          rows: rows && tensor1d(rows, 'int32'),
        };
        return guidanceLoss(features, tensor3d(teacher, [2, 2, 2])).dataSync()[0]!;
      });
    expect(of([1, 2, 3, 4, 5, 6, 7, 10], 2)).toBeCloseTo(4 / 8, 6);
    expect(of([3, 4, 5, 8], 1, [1, 2])).toBeCloseTo(4 / 4, 6);
  });
});

interface PassOptions {
  readonly features?: Float32Array;
  readonly pass?: Pass;
  readonly change?: (values: Map<string, Float32Array>) => void;
}

describe('a guided ViT', () => {
  let lease: BackendLease;
  beforeAll(async () => {
    lease = await useBackend('cpu');
  });
  afterAll(() => lease.release());

  const random = randomOf(3);
  const batch: Batch = {
    batchSize: B,
    numClasses: 3,
    inputs: [Float32Array.from({ length: B * N * 48 }, () => random.normal()), new Float32Array(B)],
    targets: Float32Array.from([1, 0, 0, 0, 0, 1]),
  };
  const full: Pass = { training: true, stochasticDepth: 0, patchDrop: 0, random };

  function teacherOf(features: Float32Array, weight: number): Teacher {
    return {
      how: { kind: 'hard', weight: 0.5 },
      answer: () => ({
        logits: tensor2d([3, 1, -1, 0, 2, 1.5], [B, 3]),
        guidance: { targets: tensor3d(features, [B, N, features.length / B / N]), weight },
      }),
    };
  }

  /** Of the first values, changed or not, beside a teacher of one feature a patch unless it has more. */
  async function passOf(
    weight: number,
    { features = new Float32Array(B * N).fill(1), pass = full, change }: PassOptions = {},
  ) {
    const network = guided(trainableViT(CONFIG), { block: 0, channels: features.length / B / N });
    const values = new Map(network.initial(randomOf(1), 'usual'));
    change?.(values);
    const teacher = teacherOf(features, weight);
    const made = await gradientsOf(network, values, [...network.shapes.keys()], batch, {
      pass,
      precision: 'f32',
      teacher,
    });
    network.dispose();
    const gradients = new Map([...made.gradients].map(([name, gradient]) => [name, gradient.dataSync()]));
    dispose([...made.gradients.values()]);
    return { loss: made.loss, gradients };
  }

  test('is moved by its teacher up to the block, and its projection with it', async () => {
    const [without, beside] = [await passOf(1e-12), await passOf(2)];
    expect(beside.loss).toBeGreaterThan(without.loss);
    const moved = [...beside.gradients].filter(([name, gradient]) => {
      const other = without.gradients.get(name)!;
      return gradient.some((value, i) => Math.abs(value - other[i]!) > 1e-7);
    });
    const names = moved.map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(['patchEmbedding.kernel', 'guidance.kernel', 'guidance.bias']));
    expect(names.some((name) => name.startsWith('blocks.0.'))).toBe(true);
    expect(names.filter((name) => /^(?:blocks\.1|norm|head)\./.test(name))).toEqual([]);
  });

  test('compares each patch that it has kept with the same one of its teacher', async () => {
    // Blocks that add nothing, patches without content: what is left of a patch is its position.
    const positions = Float32Array.from({ length: (1 + N) * DIM }, () => random.normal());
    const change = (values: Map<string, Float32Array>): void => {
      for (const [name, array] of values) if (/output\.kernel$|^patchEmbedding/.test(name)) array.fill(0);
      values.get('positions')!.set(positions);
      const identity = values.get('guidance.kernel')!.fill(0);
      for (let i = 0; i < DIM; i += 1) identity[i * DIM + i] = 1;
    };
    const ofPatches = [...positions.subarray(DIM)];
    const features = Float32Array.from([...ofPatches, ...ofPatches]);
    for (const patchDrop of [0, 0.5]) {
      const pass: Pass = { ...full, patchDrop };
      const [without, beside] = [
        await passOf(1e-12, { features, pass, change }),
        await passOf(5, { features, pass, change }),
      ];
      expect(beside.loss).toBeCloseTo(without.loss, 6);
      expect((await passOf(5, { features: features.toReversed(), pass, change })).loss).toBeGreaterThan(
        1 + without.loss,
      );
    }
  });

  test('is a ViT, and has the block', () => {
    const vit = trainableViT(CONFIG);
    expect(() => guided(vit, { block: 2, channels: 4 })).toThrow('expected a block from 0 to 1, got 2');
    vit.dispose();
    const resNet = trainableResNet(smallResNet({ depths: [1], widths: [4], numClasses: 3 }), SIZE);
    expect(() => guided(resNet, { block: 0, channels: 4 })).toThrow('expected a Vision Transformer to guide');
  });
});
