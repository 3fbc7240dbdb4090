import { readdirSync } from 'node:fs';

import { softmax, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { loadModel } from '../../src/index.ts';
import { loadNetwork } from '../../src/use-cases/load/load.ts';
import type { LoadedNetwork } from '../../src/use-cases/load/load.ts';
import { forward } from '../../src/nn/network.ts';
import { probeBackends } from '../../src/tensor/backends/index.ts';
import { describeBackends } from '../support/backends.ts';
import { GOLDEN_FOLDER, readGoldens } from '../support/goldens.ts';
import type { GoldenArray } from '../support/goldens.ts';

/** Float32 against the library's own float32, activations of order one to ten; the norms are folded here and not there. */
const ACTIVATIONS = { atol: 1e-4, rtol: 1e-4 };
/** From the file on, with the library's own preprocessing. */
const PROBABILITIES = { atol: 1e-3 };

/** What the project promises of probabilities in fewer bits. */
const FEWER_BITS = [
  ['bf16x3', { atol: 1e-4 }],
  ['bf16', { atol: 0.02 }],
] as const;
const native = (await probeBackends()).find(({ name }) => name === 'native');

interface Manifest {
  readonly library: string;
  readonly stages: readonly string[];
  readonly numParameters: number;
  readonly files: readonly { readonly path: string }[];
  readonly imageSize: { readonly height: number; readonly width: number };
  readonly otherSize: { readonly height: number; readonly width: number };
}

for (const name of readdirSync(`${GOLDEN_FOLDER}cnns`).toSorted()) {
  const goldens = readGoldens<Manifest>(`cnns/${name}`);
  const { manifest } = goldens;
  const path = `${GOLDEN_FOLDER}cnns/${name}`;

  describeBackends(`${name} agrees with ${manifest.library}`, () => {
    let loaded: LoadedNetwork;
    beforeAll(async () => {
      loaded = await loadNetwork(path, { imageSize: manifest.imageSize });
    });
    afterAll(() => loaded[Symbol.dispose]());

    test('tier 1: pixels → every stage, in order', () => {
      const { activations, probabilities } = run(loaded, goldens.array('stages/pixels'));
      for (const stage of manifest.stages) {
        if (stage === 'pixels' || stage === 'probabilities') continue;
        const { shape, data } = goldens.array(`stages/${stage}`);
        const activation = activations.get(stage);
        expect(activation?.shape, `shape of ${stage}`).toEqual(shape);
        expect(activation?.data, `stage ${stage}`).toBeCloseToArray(data, ACTIVATIONS);
      }
      expect(probabilities, 'probabilities').toBeCloseToArray(goldens.array('stages/probabilities').data, ACTIVATIONS);
    });

    test('another image size, with odd sides', async () => {
      using resized = await loadNetwork(path, { imageSize: manifest.otherSize });
      const { activations } = run(resized, goldens.array('other-size/pixels'));
      expect(activations.get('logits')?.data).toBeCloseToArray(goldens.array('other-size/logits').data, ACTIVATIONS);
    });

    test('the parameters are counted as the library counts them', () => {
      expect(loaded.info.numParameters).toBe(manifest.numParameters);
    });
  });

  test.skipIf(native?.status !== 'loads').for(FEWER_BITS)(
    `${name} in %s: pixels → probabilities`,
    async ([precision, tolerance]) => {
      using loaded = await loadNetwork(path, { backend: 'native', precision, imageSize: manifest.imageSize });
      expect(loaded.info.precision).toBe(precision);
      const images = imagesOf(goldens.array('stages/pixels'));
      const probabilities = tidy(() =>
        softmax(forward(loaded.network.layers, loaded.network.inputOf(images))).dataSync<'float32'>(),
      );
      const expected = goldens.array('stages/probabilities').data;
      expect(probabilities).toBeCloseToArray(expected, tolerance);
      expect(probabilities).not.toEqual(Float32Array.from(expected));
    },
  );

  // On one backend: preprocessing runs on none.
  test(`${name}: image file → probabilities`, async () => {
    using model = await loadModel(path);
    for (const file of manifest.files) {
      const logits = goldens.array(`files/${file.path.split('/').at(-1)}/logits`).data;
      const predictions = await model.classify(`${GOLDEN_FOLDER}../../${file.path}`, { topK: logits.length });
      const probabilities = predictions.toSorted((a, b) => a.index - b.index).map(({ probability }) => probability);
      expect(probabilities, file.path).toBeCloseToArray(softmaxOf(logits), PROBABILITIES);
    }
  });
}

interface Run {
  readonly activations: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
  readonly probabilities: Float32Array;
}

/** Every probed activation of one forward pass over normalised pixels [B, H, W, C], with the probabilities. */
function run({ network }: LoadedNetwork, pixels: GoldenArray): Run {
  const images = imagesOf(pixels);
  const activations = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  const probe = (name: string, tensor: Tensor): void => {
    activations.set(name, { shape: tensor.shape, data: tensor.dataSync<'float32'>() });
  };
  const probabilities = tidy(() =>
    softmax(forward(network.layers, network.inputOf(images), probe)).dataSync<'float32'>(),
  );
  return { activations, probabilities };
}

/** The images of a batch [B, H, W, C]. */
function imagesOf({ shape: [B = 0], data }: GoldenArray): Float32Array[] {
  const values = data.length / B;
  return Array.from({ length: B }, (_, i) => Float32Array.from(data.subarray(i * values, (i + 1) * values)));
}

function softmaxOf(logits: ArrayLike<number>): number[] {
  const exponentials = Array.from(logits, (value) => Math.exp(value - Math.max(...Array.from(logits))));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}
