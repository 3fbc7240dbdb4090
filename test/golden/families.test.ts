import { readdirSync } from 'node:fs';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { loadModel } from '../../src/index.ts';
import { loadViT } from '../../src/use-cases/load/load.ts';
import type { LoadedViT } from '../../src/use-cases/load/load.ts';
import { readCheckpoint } from '../../src/weights/checkpoint.ts';
import { describe as describeCheckpoint } from '../../src/weights/describe.ts';
import { describeBackends } from '../support/backends.ts';
import { GOLDEN_FOLDER, readGoldens } from '../support/goldens.ts';
import { logitsOf, normedTokens, patchesOf, probeOf, runWithProbe } from '../support/vit-runs.ts';

/** Float32 against the family's own float32, activations of order one to ten. */
const ACTIVATIONS = { atol: 5e-5, rtol: 5e-5 };
const LOGITS = { atol: 1e-4 };
/** From the file on, with the family's own preprocessing. */
const PROBABILITIES = { atol: 1e-3 };

interface Manifest {
  readonly library: string;
  readonly stages: readonly string[];
  readonly numParameters: number;
  readonly files: readonly { readonly path: string }[];
  readonly otherSize?: { readonly height: number; readonly width: number };
}

for (const name of readdirSync(`${GOLDEN_FOLDER}families`).toSorted()) {
  const goldens = readGoldens<Manifest>(`families/${name}`);
  const path = `${GOLDEN_FOLDER}families/${name}`;
  // patchlens reads .npz as the JAX libraries do; timm, which made these goldens, was made to compute that too.
  const isJax = name.startsWith('npz-');
  const stageOf = (stage: string) =>
    goldens.array(isJax && goldens.has(`gelu-tanh/stages/${stage}`) ? `gelu-tanh/stages/${stage}` : `stages/${stage}`);

  describeBackends(`${name} agrees with ${goldens.manifest.library}`, () => {
    let loaded: LoadedViT;
    beforeAll(async () => {
      loaded = await loadViT(path);
    });
    afterAll(() => loaded[Symbol.dispose]());

    test('tier 1: pixels → every stage, in order', () => {
      const { activations, logits, probabilities } = runWithProbe(loaded, goldens.array('stages/pixels'));
      for (const stage of goldens.manifest.stages) {
        const probe = probeOf(stage);
        const activation = probe === undefined ? undefined : activations.get(probe);
        if (activation === undefined) continue;
        const expected = normedTokens(stageOf(stage), stage, activation.length);
        expect(activation, `stage ${stage}`).toBeCloseToArray(expected, ACTIVATIONS);
      }
      expect(logits, 'logits').toBeCloseToArray(stageOf('logits').data, LOGITS);
      expect(probabilities, 'probabilities').toBeCloseToArray(stageOf('probabilities').data, LOGITS);
    });

    test('the parameters are counted as the library counts them, but for those that no classifier reads', async () => {
      const checkpoint = await readCheckpoint(path);
      const { unused } = describeCheckpoint(checkpoint).description;
      const idle = [...checkpoint.arrays].filter(([tensor]) => unused.some((pattern) => pattern.test(tensor)));
      const numIdle = idle.reduce((total, [, { data }]) => total + data.length, 0);
      expect(loaded.info.numParameters + numIdle).toBe(goldens.manifest.numParameters);
    });

    test('tier 3: image file → probabilities', async () => {
      using model = await loadModel(path);
      for (const file of goldens.manifest.files) {
        const picture = file.path.split('/').at(-1);
        const logits = goldens.array(`${isJax ? 'jax/' : ''}files/${picture}/logits`).data;
        const predictions = await model.classify(`${GOLDEN_FOLDER}../../${file.path}`, { topK: logits.length });
        const probabilities = predictions.toSorted((a, b) => a.index - b.index).map(({ probability }) => probability);
        expect(probabilities, file.path).toBeCloseToArray(softmaxOf(logits), PROBABILITIES);
      }
    });

    // timm resamples the positions of an .npz in another way than the JAX libraries.
    test.skipIf(isJax || !goldens.has('other-size/logits'))('another image size: positions resampled', async () => {
      const { otherSize } = goldens.manifest;
      using resized = await loadViT(path, { imageSize: otherSize });
      const images = patchesOf(resized, goldens.array('other-size/pixels'));
      expect(logitsOf(resized, images)).toBeCloseToArray(goldens.array('other-size/logits').data, LOGITS);
    });
  });
}

function softmaxOf(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const largest = Math.max(...values);
  const exponentials = values.map((value) => Math.exp(value - largest));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}
