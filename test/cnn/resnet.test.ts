// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { readFileSync } from 'node:fs';

import {
  dispose,
  getBackend,
  getKernel,
  grads,
  logSoftmax,
  mul,
  neg,
  oneHot,
  sum,
  tensor,
  tensor1d,
  tensor4d,
  tidy,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';

import { runWithRunningStatistics } from '../../src/cnn/conv-norm.ts';
import { initialiseResNet } from '../../src/cnn/initialise-resnet.ts';
import { countTrained, isRunningStatistic, shapesOf } from '../../src/cnn/leaves.ts';
import { resNetLayers, trainResNet } from '../../src/cnn/resnet.ts';
import { resNetParams } from '../../src/cnn/resnet-params.ts';
import { RESNET_DEPTHS, resNetVariant, smallResNet } from '../../src/cnn/resnet-variants.ts';
import { loadNetwork } from '../../src/use-cases/load/load.ts';
import { forward } from '../../src/nn/network.ts';
import { assemble } from '../../src/weights/assemble.ts';
import { readCheckpoint } from '../../src/weights/checkpoint.ts';
import type { ResNetConfig } from '../../src/weights/cnn-architecture.ts';
import { timmResNet, torchResNetTensor, torchvisionResNet } from '../../src/weights/families/resnet.ts';
import { describeBackends } from '../support/backends.ts';
import { GOLDEN_FOLDER, readGoldens } from '../support/goldens.ts';

const { cnns }: { cnns: Record<string, Record<string, number>> } = JSON.parse(
  readFileSync(`${GOLDEN_FOLDER}parameter-counts.json`, 'utf8'),
);

const shapes = (config: ResNetConfig) => shapesOf((leaf) => resNetParams(config, leaf));

describe('parameter counts are exact', () => {
  const sizes = Object.keys(RESNET_DEPTHS).map((size) => Number(size) as keyof typeof RESNET_DEPTHS);
  test.each(sizes)('ResNet-%i', (size) => {
    for (const library of ['timm', 'torchvision']) {
      expect(countTrained(shapes(resNetVariant(size))), library).toBe(cnns[library]?.[`resnet${size}`]);
    }
  });

  test('Wide ResNet-50-2', () => {
    const plain = resNetVariant(50);
    const stages = plain.stages.map((stage) => ({ ...stage, width: 2 * stage.width }));
    expect(countTrained(shapes({ ...plain, stages }))).toBe(cnns['torchvision']?.['wide_resnet50_2']);
  });

  test('ResNet-20 for small images, with projections', () => {
    // 0.27 M of the paper's table 6, whose shortcuts have no parameters, and two projections with their norms.
    const projections = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64;
    const config = smallResNet({ depths: [3, 3, 3], widths: [16, 32, 64], numClasses: 10 });
    expect(countTrained(shapes(config))).toBe(269_722 + projections);
  });
});

const TRAINED = [
  ['cnns/torchvision-resnet-basic', torchvisionResNet],
  ['cnns/timm-resnet-max-pool', timmResNet],
] as const;
/** Float32 against float64 through a forward and a backward pass, as a share of the largest value of each gradient. */
const GRADIENTS = 2e-5;
const VALUES = { atol: 1e-4, rtol: 1e-4 };

for (const [folder, family] of TRAINED) {
  describeBackends(`one step of training of ${folder} agrees with torch in float64`, () => {
    const goldens = readGoldens<{ targets: number[]; loss: number }>(folder);

    test('logits, running statistics, loss and gradients', async ({ skip }) => {
      const kernel = 'Conv2DBackpropFilter';
      if (getKernel(kernel, getBackend()) === undefined) skip(`${getBackend()} has no ${kernel}`);
      const { config, arrays, images } = await checkpoint();
      const names = [...arrays.keys()].filter((name) => !isRunningStatistic(name));
      const tensors = new Map([...arrays].map(([name, { data, shape }]) => [name, tensor(data, [...shape])]));
      const trained = names.map((name) => tensors.get(name)!);
      let running: Record<string, Tensor> = {};
      const lossOf = (...values: Tensor[]): Tensor => {
        const given = new Map(names.map((name, i) => [name, values[i]!]));
        const params = resNetParams(config, (name) => given.get(name) ?? tensors.get(name)!);
        dispose(running);
        const pass = trainResNet(config, params, images);
        running = pass.running;
        expect(pass.logits.dataSync()).toBeCloseToArray(goldens.array('training/logits').data, VALUES);
        return crossEntropy(pass.logits, goldens.manifest.targets);
      };
      const { loss, gradients } = tidy(() => ({
        loss: lossOf(...trained).dataSync()[0],
        gradients: grads(lossOf)(trained).map((gradient) => gradient.dataSync<'float32'>()),
      }));
      expect(loss).toBeCloseTo(goldens.manifest.loss, 4);
      const fromTorch = (kind: string, name: string): Float32Array => {
        const { name: torch } = torchResNetTensor(name);
        const { shape, data } = goldens.array(`training/${kind}/${torch}`);
        const source = family.describe(checkpoints!).sourceOf(name);
        return source.convert({ shape, data: Float32Array.from(data) }).data;
      };
      for (const [i, name] of names.entries()) {
        const expected = fromTorch('gradients', name);
        expect(gradients[i], name).toBeCloseToArray(expected, {
          atol: GRADIENTS * Math.max(...expected.map(Math.abs)),
        });
      }
      expect(Object.keys(running).toSorted()).toEqual([...arrays.keys()].filter(isRunningStatistic).toSorted());
      for (const [name, moved] of Object.entries(running)) {
        expect(moved.dataSync(), name).toBeCloseToArray(fromTorch('running', name), VALUES);
      }
      dispose([images, running, ...tensors.values()]);
    });

    test('with running statistics the unfolded network is the folded one', async () => {
      const { config, arrays, images } = await checkpoint();
      using loaded = await loadNetwork(`${GOLDEN_FOLDER}${folder}`);
      tidy(() => {
        const params = resNetParams(config, (name) => tensor(arrays.get(name)!.data, [...arrays.get(name)!.shape]));
        const unfolded = forward(resNetLayers(config, params, runWithRunningStatistics(config.epsilon)), images);
        const folded = forward(loaded.network.layers, images);
        expect(unfolded.dataSync()).toBeCloseToArray(folded.dataSync(), VALUES);
      });
      images.dispose();
    });

    let checkpoints: Awaited<ReturnType<typeof readCheckpoint>> | undefined;
    async function checkpoint() {
      checkpoints ??= await readCheckpoint(`${GOLDEN_FOLDER}${folder}`);
      const description = family.describe(checkpoints);
      const { config } = description;
      const { shape, data } = goldens.array('stages/pixels');
      const images: Tensor4D = tensor4d(Float32Array.from(data), shape as [number, number, number, number]);
      return { config, arrays: assemble(checkpoints, description, shapes(config)), images };
    }
  });
}

function crossEntropy(logits: Tensor, targets: readonly number[]): Tensor {
  const wanted = oneHot(tensor1d([...targets], 'int32'), logits.shape[1] ?? 0);
  return mul(neg(sum(mul(logSoftmax(logits), wanted))), 1 / targets.length);
}

describe('parameters to start from', () => {
  const config = smallResNet({ depths: [2, 1], widths: [23, 29], numClasses: 5 });
  const random = (): (() => number) => {
    let state = 1;
    return () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
  };
  const spread = (values: Float32Array): number =>
    Math.sqrt(values.reduce((total, value) => total + value * value, 0) / values.length);

  test('are all there, and of the published spread', () => {
    const arrays = initialiseResNet(config, { random: random() });
    expect([...arrays.keys()]).toEqual([...shapes(config).keys()]);
    // √(2 / (9 · 29)) and √(1 / 29) / √3.
    expect(spread(arrays.get('stages.1.blocks.0.convolutions.1.kernel')!.data)).toBeCloseTo(0.0875, 2);
    expect(spread(arrays.get('head.kernel')!.data)).toBeCloseTo(0.107, 1);
    expect(Math.max(...arrays.get('head.bias')!.data)).toBeLessThanOrEqual(1 / Math.sqrt(29));
  });

  test('let each block start as its shortcut, unless asked not to', () => {
    const last = 'stages.0.blocks.1.convolutions.1.norm.scale';
    const first = 'stages.0.blocks.1.convolutions.0.norm.scale';
    const zeroed = initialiseResNet(config, { random: random() });
    expect([zeroed.get(last)?.data[3], zeroed.get(first)?.data[3]]).toEqual([0, 1]);
    const plain = initialiseResNet(config, { random: random(), zeroInitResidual: false });
    expect(plain.get(last)?.data[3]).toBe(1);
    expect(plain.get('stem.norm.variance')?.data[0]).toBe(1);
    expect(plain.get('stem.norm.mean')?.data[0]).toBe(0);
  });
});
