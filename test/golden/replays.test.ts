import { readdirSync } from 'node:fs';
import process from 'node:process';

import { memory } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { forwardInTurns } from '../../src/nn/network.ts';
import type { Layer } from '../../src/nn/network.ts';
import { RepeatedForward } from '../../src/nn/repeated-forward.ts';
import { loadAddon } from '../../src/tensor/backends/native/addon.ts';
import { native } from '../../src/tensor/backends/native/index.ts';
import { probeBackends, useBackend } from '../../src/tensor/backends/index.ts';
import type { BackendLease } from '../../src/tensor/backends/index.ts';
import { randomOf } from '../../src/training/random.ts';
import { loadNetwork } from '../../src/use-cases/load/load.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';
import { slowClock } from '../support/slow-clock.ts';

const NAMES = ['families', 'cnns', 'tfjs'].flatMap((set) =>
  readdirSync(`${GOLDEN_FOLDER}${set}`)
    .toSorted()
    .map((name) => `${set}/${name}`),
);

/** Whose passes ask kernels of tfjs's, such as that of the sigmoid in SwiGLU: they run as they always do. */
const NEVER_REPLAYED: ReadonlySet<string> = new Set([
  'families/hf-dinov2-swiglu',
  'families/timm-dinov2-swiglu',
  'tfjs/graph',
  'tfjs/layers-residual',
  'tfjs/layers-scaling',
]);

const probe = (await probeBackends()).find(({ name }) => name === 'native');
const why = probe?.status === 'loads' ? '' : `: ${probe?.reason}`;

describe.skipIf(why !== '')(`a recorded pass on native${why}`, () => {
  let lease: BackendLease;
  beforeAll(async () => {
    lease = await useBackend('native');
  });
  afterAll(() => lease.release());

  test.for(NAMES)('gives other images of %s what a pass by tfjs gives them', async (name) => {
    using loaded = await loadNetwork(`${GOLDEN_FOLDER}${name}`, { backend: 'native' });
    const { network, info } = loaded;
    const { height, width } = info.preprocessing.imageSize;
    const random = randomOf(3);
    const image = (): Float32Array => Float32Array.from({ length: height * width * 3 }, () => random.normal());
    let applied = 0;
    const counted = network.layers.map((layer): Layer => ({
      name: layer.name,
      apply: (x) => {
        applied += 1;
        return layer.apply(x);
      },
    }));
    const repeated = new RepeatedForward(counted, lease.startRecording);
    const pass = async (batchSize: number): Promise<void> => {
      const input = network.inputOf(Array.from({ length: batchSize }, image));
      const before = memory().numTensors;
      const [logits, expected] = [
        await repeated.run(input, () => undefined),
        await forwardInTurns(network.layers, input, () => undefined),
      ];
      expect(logits.shape).toEqual(expected.shape);
      expect([...logits.dataSync()]).toEqual([...expected.dataSync()]);
      for (const made of [logits, expected]) made.dispose();
      expect(memory().numTensors).toBe(before);
      input.dispose();
    };

    // Another batch between those of one size neither disturbs nor replaces what was recorded, until it comes twice in a row.
    for (const batchSize of [2, 2, 2, 3, 2, 3, 2, 3, 3, 3]) await pass(batchSize);
    const passesByTfjs = NEVER_REPLAYED.has(name) ? 10 : 6;
    expect(applied).toBe(passesByTfjs * counted.length);
  });

  test('that is stopped in the middle leaves later ones as they are', async () => {
    using loaded = await loadNetwork(`${GOLDEN_FOLDER}families/timm-patch16`, { backend: 'native' });
    const { height, width } = loaded.info.preprocessing.imageSize;
    const input = loaded.network.inputOf([new Float32Array(height * width * 3).fill(0.5)]);
    const go = (): void => undefined;
    const stop = (): never => {
      throw new Error('stopped');
    };
    const expected = await readAndDisposed(loaded.logitsOf(input, go));
    // While it is recorded, and while it is replayed.
    for (let i = 0; i < 2; i += 1) {
      await expect(loaded.logitsOf(input, stop)).rejects.toThrow('stopped');
      for (let j = 0; j < 3; j += 1) expect(await readAndDisposed(loaded.logitsOf(input, go))).toEqual(expected);
    }
    input.dispose();
  });

  test('is not used once other instructions compute', async ({ skip }) => {
    const names = loadAddon().instructionSets();
    if (names.length < 2) skip('one instruction set only');
    const forced = process.env['PATCHLENS_ISA'];
    using loaded = await loadNetwork(`${GOLDEN_FOLDER}families/timm-patch16`, { backend: 'native' });
    const { height, width } = loaded.info.preprocessing.imageSize;
    const input = loaded.network.inputOf([new Float32Array(height * width * 3).fill(0.5)]);
    const logits = (): Promise<number[]> => readAndDisposed(loaded.logitsOf(input, () => undefined));
    const first = [await logits(), await logits(), await logits()];
    process.env['PATCHLENS_ISA'] = names.at(-1);
    await native.load({ threads: 2 });
    const then = [await logits(), await logits(), await logits()];
    if (forced === undefined) delete process.env['PATCHLENS_ISA'];
    else process.env['PATCHLENS_ISA'] = forced;
    await native.load({});
    for (const each of [...first, ...then]) expect(each).toBeCloseToArray(first[0]!, { atol: 1e-5 });
    expect(then).toEqual([then[0], then[0], then[0]]);
    input.dispose();
  });

  test('leaves two passes at once apart', async () => {
    using loaded = await loadNetwork(`${GOLDEN_FOLDER}families/timm-patch16`, { backend: 'native' });
    const { height, width } = loaded.info.preprocessing.imageSize;
    const inputs = [1, 2, 3, 4].map((seed) => {
      const random = randomOf(seed);
      return loaded.network.inputOf([Float32Array.from({ length: height * width * 3 }, () => random.normal())]);
    });
    const expected = [];
    for (const input of inputs) expected.push(await readAndDisposed(loaded.logitsOf(input, () => undefined)));
    slowClock();
    const waiting = inputs.map((input) => readAndDisposed(loaded.logitsOf(input, () => undefined)));
    expect(await Promise.all(waiting)).toEqual(expected);
    for (const input of inputs) input.dispose();
  });
});

async function readAndDisposed(tensor: Promise<Tensor>): Promise<number[]> {
  const logits = await tensor;
  const values = [...logits.dataSync()];
  logits.dispose();
  return values;
}
