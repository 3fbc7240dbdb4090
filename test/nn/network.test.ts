import { memory, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadNetwork, loadViT } from '../../src/use-cases/load/load.ts';
import type { LoadedViT } from '../../src/use-cases/load/load.ts';
import { forward, forwardInTurns, networkIn } from '../../src/nn/network.ts';
import type { Layer } from '../../src/nn/network.ts';
import { forward as forwardViT } from '../../src/vit/forward.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';
import { slowClock } from '../support/slow-clock.ts';

const FOLDER = `${GOLDEN_FOLDER}vit-tiny-random`;

describe('a network as a chain of layers', () => {
  let loaded: LoadedViT;
  let input: Tensor;
  beforeAll(async () => {
    loaded = await loadViT(FOLDER);
    const { height, width } = loaded.info.preprocessing.imageSize;
    const images = [1, 2].map((seed) =>
      Float32Array.from({ length: height * width * 3 }, (_, i) => Math.sin(seed * i)),
    );
    input = loaded.network.inputOf(images);
  });
  afterAll(() => {
    input.dispose();
    loaded[Symbol.dispose]();
  });

  test('gives what the network itself gives, and shows its probes the same', () => {
    const run = (pass: (probe: (name: string, x: Tensor) => void) => Tensor) => {
      const seen = new Map<string, number[]>();
      const logits = tidy(() => Array.from(pass((name, x) => void seen.set(name, [...x.dataSync()])).dataSync()));
      return { logits, seen };
    };
    const chain = run((probe) => forward(loaded.network.layers, input, probe));
    const whole = run((probe) => forwardViT(loaded.vit, input as Tensor3D, probe));
    expect(chain.logits).toEqual(whole.logits);
    expect([...chain.seen.keys()]).toEqual([...whole.seen.keys(), 'logits']);
    for (const [name, values] of whole.seen) expect(chain.seen.get(name), name).toEqual(values);
  });

  test('gives the same in turns, and can go on from an inner layer', async () => {
    const { layers } = loaded.network;
    const logits = forward(layers, input);
    const inTurns = await forwardInTurns(layers, input, () => undefined);
    const inParts = tidy(() => forward(layers.slice(2), forward(layers.slice(0, 2), input)));
    expect([...inTurns.dataSync()]).toEqual([...logits.dataSync()]);
    expect([...inParts.dataSync()]).toEqual([...logits.dataSync()]);
    for (const tensors of [logits, inTurns, inParts]) tensors.dispose();
  });

  test('only a layer whose output the next one alone sees may leave something out', async () => {
    const passes: string[] = [];
    const layers = ['first', 'second'].map((name): Layer => {
      const through = (how: string) => (x: Tensor) => {
        passes.push(`${name} ${how}`);
        return x.clone();
      };
      return { name, apply: through('whole'), applyUnseen: through('unseen') };
    });
    const taken = (run: () => Tensor): string[] => {
      passes.length = 0;
      tidy(() => void run());
      return [...passes];
    };
    const short = ['first unseen', 'second whole'];
    expect(taken(() => forward(layers, input))).toEqual(short);
    expect(taken(() => forward(layers, input, () => undefined))).toEqual(['first whole', 'second whole']);
    const network = { layers, inputOf: () => input, [Symbol.dispose]: () => undefined };
    expect(taken(() => forward(networkIn('f32', network).layers, input))).toEqual(short);
    passes.length = 0;
    (await forwardInTurns(layers, input, () => undefined)).dispose();
    expect(passes).toEqual(short);
  });

  test('ends between two layers with what `between` throws, and keeps nothing', async () => {
    const before = memory().numTensors;
    slowClock();
    let turns = 0;
    const stopped = forwardInTurns(loaded.network.layers, input, () => {
      turns += 1;
      if (turns === 2) throw new Error('stopped');
    });
    await expect(stopped).rejects.toThrow('stopped');
    expect(turns).toBe(2);
    expect(memory().numTensors).toBe(before);
  });

  test('frees the layers before one that fails, and leaves the input alone', async () => {
    const fails = {
      name: 'fails',
      apply: () => {
        throw new Error('no');
      },
    };
    const x = tensor([1]);
    const before = memory().numTensors;
    const copy = { name: 'copy', apply: (value: Tensor) => value.clone() };
    await expect(forwardInTurns([copy, fails], x, () => undefined)).rejects.toThrow('no');
    expect(memory().numTensors).toBe(before);
    x.dispose();
  });
});

test('a network loaded without asking for its architecture says which it is', async () => {
  using loaded = await loadNetwork(FOLDER);
  expect(loaded.info.config.kind).toBe('vit');
  expect(loaded.network.layers.map(({ name }) => name).at(-1)).toBe('logits');
});
