import { afterAll, beforeAll, expect, test } from 'vitest';

import { patchify } from '../../src/image/patches.ts';
import { preprocess } from '../../src/image/preprocess.ts';
import { loadModel } from '../../src/index.ts';
import { loadViT } from '../../src/use-cases/load/load.ts';
import type { LoadedViT } from '../../src/use-cases/load/load.ts';
import { describeBackends } from '../support/backends.ts';
import { GOLDEN_FOLDER, readGoldens } from '../support/goldens.ts';
import { logitsOf, normedTokens, patchesOf, probeOf, runWithProbe } from '../support/vit-runs.ts';

/** Float32 against torch's float32, activations of order one to ten after at most three blocks. */
const ACTIVATIONS = { atol: 2e-5, rtol: 2e-5 };
const LOGITS = { atol: 1e-4 };
const PROBABILITIES = { atol: 1e-4 };

interface Manifest {
  readonly stages: readonly string[];
  readonly files: readonly {
    path: string;
    predictions: readonly { label: string; index: number; probability: number }[];
  }[];
  readonly otherSize: { readonly height: number; readonly width: number };
}

for (const folder of ['vit-tiny-random', 'vit-tiny-random-avg']) {
  const goldens = readGoldens<Manifest>(folder);
  const path = `${GOLDEN_FOLDER}${folder}`;

  describeBackends(`${folder} agrees with timm`, () => {
    let loaded: LoadedViT;
    beforeAll(async () => {
      loaded = await loadViT(path);
    });
    afterAll(() => loaded[Symbol.dispose]());

    test('tier 1: pixels → every stage, in order', () => {
      const { activations, logits, probabilities } = runWithProbe(loaded, goldens.array('stages/pixels'));
      for (const stage of goldens.manifest.stages) {
        const probe = probeOf(stage);
        if (probe === undefined) continue;
        const golden = goldens.array(`stages/${stage}`);
        const activation = activations.get(probe);
        expect(activation, `stage ${stage} is probed`).toBeDefined();
        expect(activation, `stage ${stage}`).toBeCloseToArray(
          normedTokens(golden, stage, activation?.length ?? 0),
          ACTIVATIONS,
        );
      }
      expect(logits, 'logits').toBeCloseToArray(goldens.array('stages/logits').data, LOGITS);
      expect(probabilities, 'probabilities').toBeCloseToArray(
        goldens.array('stages/probabilities').data,
        PROBABILITIES,
      );
    });

    test('tier 2: 8-bit pixels of the model’s size → logits', () => {
      const { shape, data } = goldens.array('bytes/pixels');
      const [B = 0, height = 0, width = 0] = shape;
      const images = Array.from({ length: B }, (_, i) => {
        const pixels = Uint8Array.from(data.subarray(i * height * width * 3, (i + 1) * height * width * 3));
        const recipe = { ...loaded.info.preprocessing, resize: { kind: 'squash', size: { height, width } } as const };
        return patchify(preprocess({ data: pixels, width, height }, recipe), loaded.info.config.patchSize);
      });
      expect(logitsOf(loaded, images)).toBeCloseToArray(goldens.array('bytes/logits').data, LOGITS);
    });

    test('tier 3: image file → likeliest classes', async () => {
      using model = await loadModel(path);
      for (const file of goldens.manifest.files) {
        const predictions = await model.classify(`${GOLDEN_FOLDER}../../${file.path}`, {
          topK: file.predictions.length,
        });
        expect(predictions.map(({ index }) => index)).toEqual(file.predictions.map(({ index }) => index));
        expect(predictions.map(({ label }) => label)).toEqual(file.predictions.map(({ label }) => label));
        expect(predictions.map(({ probability }) => probability)).toBeCloseToArray(
          file.predictions.map(({ probability }) => probability),
          PROBABILITIES,
        );
      }
    });

    test.runIf(goldens.has('other-size/pixels'))('another image size: positions resampled, logits equal', async () => {
      using resized = await loadViT(path, { imageSize: goldens.manifest.otherSize });
      expect(resized.vit.params.positions?.dataSync()).toBeCloseToArray(
        goldens.array('other-size/positions').data,
        ACTIVATIONS,
      );
      const images = patchesOf(resized, goldens.array('other-size/pixels'));
      expect(logitsOf(resized, images)).toBeCloseToArray(goldens.array('other-size/logits').data, LOGITS);
    });
  });
}
