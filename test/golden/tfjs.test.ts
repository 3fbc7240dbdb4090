import { readdirSync } from 'node:fs';

import { softmax, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { loadModel } from '../../src/index.ts';
import type { LoadOptions } from '../../src/index.ts';
import { loadNetwork } from '../../src/use-cases/load/load.ts';
import type { LoadedNetwork } from '../../src/use-cases/load/load.ts';
import { forward } from '../../src/nn/network.ts';
import { describeBackends } from '../support/backends.ts';
import { GOLDEN_FOLDER, readGoldens } from '../support/goldens.ts';

/** Float32 against numpy's float64 of the same weights. */
const PROBABILITIES = { atol: 1e-5 };

interface Manifest {
  readonly numParameters: number;
  readonly imageSize: { readonly height: number; readonly width: number };
  readonly files: readonly { readonly path: string }[];
}

for (const name of readdirSync(`${GOLDEN_FOLDER}tfjs`).toSorted()) {
  const goldens = readGoldens<Manifest>(`tfjs/${name}`);
  const { manifest } = goldens;
  const path = `${GOLDEN_FOLDER}tfjs/${name}`;

  describeBackends(`TensorFlow.js model ${name} answers as numpy does`, () => {
    let loaded: LoadedNetwork;
    beforeAll(async () => {
      loaded = await loadNetwork(path);
    });
    afterAll(() => loaded[Symbol.dispose]());

    test('pixels → probabilities, in a batch', () => {
      const { shape, data } = goldens.array('pixels');
      const size = data.length / (shape[0] ?? 1);
      const images = [0, 1].map((i) => Float32Array.from(data.subarray(i * size, (i + 1) * size)));
      const { network } = loaded;
      const probabilities = tidy(() => softmax(forward(network.layers, network.inputOf(images))).dataSync());
      expect(probabilities).toBeCloseToArray(goldens.array('probabilities').data, PROBABILITIES);
    });

    test('is counted and sized as its files say', () => {
      expect(loaded.info.numParameters).toBe(manifest.numParameters);
      expect(loaded.info.preprocessing.imageSize).toEqual(manifest.imageSize);
    });
  });

  // On one backend: preprocessing runs on none.
  test(`TensorFlow.js model ${name}: image file → probabilities`, async () => {
    await expectAnswers('files', {});
    if (goldens.has('cropped/landscape.png')) {
      await expectAnswers('cropped', { preprocessing: { resize: 'shorter-edge', crop: 0.8 } });
    }
  });

  async function expectAnswers(set: string, options: LoadOptions): Promise<void> {
    using model = await loadModel(path, options);
    for (const file of manifest.files) {
      const expected = goldens.array(`${set}/${file.path.split('/').at(-1)}`).data;
      const predictions = await model.classify(`${GOLDEN_FOLDER}../../${file.path}`, { topK: expected.length });
      const probabilities = predictions.toSorted((a, b) => a.index - b.index).map(({ probability }) => probability);
      expect(probabilities, `${set}: ${file.path}`).toBeCloseToArray(expected, PROBABILITIES);
    }
  }
}
