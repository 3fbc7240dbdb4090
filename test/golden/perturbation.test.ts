import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { attentionOf } from '../../src/use-cases/attention/attention.ts';
import type { AttentionOptions } from '../../src/use-cases/attention/methods.ts';
import type { Fill } from '../../src/image/fills.ts';
import { CURVES } from '../../src/attribution/perturbation.ts';
import { faithfulnessOf } from '../../src/use-cases/attention/faithfulness.ts';
import { loadViT } from '../../src/use-cases/load/load.ts';
import type { LoadedViT } from '../../src/use-cases/load/load.ts';
import { GOLDEN_FOLDER, readGoldens } from '../support/goldens.ts';

/** Float32 against float64, of probabilities. */
const PROBABILITIES = { atol: 1e-5 };

interface Manifest {
  readonly cases: Readonly<Record<string, { readonly folder: string; readonly pixels: string }>>;
  readonly target: number;
  readonly steps: number;
  readonly masks: number;
  readonly seed: number;
  readonly fills: readonly Fill[];
}

const goldens = readGoldens<Manifest>('perturbation');
const { cases, target, steps, masks, seed, fills } = goldens.manifest;

for (const [name, { folder, pixels }] of Object.entries(cases)) {
  // On one backend: which images are computed, and what is made of the answers, is the same on all.
  describe(`changed images of ${name} have the probabilities of float64 torch`, () => {
    let loaded: LoadedViT;
    let image: Float32Array;
    beforeAll(async () => {
      const { shape, data } = readGoldens(folder).array(pixels);
      const [, height = 0, width = 0] = shape;
      loaded = await loadViT(`${GOLDEN_FOLDER}${folder}`, { imageSize: { height, width } });
      image = Float32Array.from(data.subarray(-height * width * 3));
    });
    afterAll(() => loaded[Symbol.dispose]());

    const valuesOf = async (options: AttentionOptions): Promise<Float32Array> => {
      const [found] = await attentionOf(loaded, [image], { target, ...options }, () => {});
      return found!.maps[0]!.values.data;
    };

    test.each(fills)('occlusion by %s', async (fill) => {
      const values = await valuesOf({ method: 'occlusion', fill, batchSize: 5 });
      expect(values).toBeCloseToArray(goldens.array(`${name}/occlusion/${fill}`).data, PROBABILITIES);
    });

    test('rise', async () => {
      const values = await valuesOf({ method: 'rise', masks, seed });
      expect(values).toBeCloseToArray(goldens.array(`${name}/rise`).data, PROBABILITIES);
    });

    test('deletion and insertion', async () => {
      const found = await faithfulnessOf(loaded, image, { methods: ['relevance'], target, steps }, () => {});
      for (const { method, fill, ...score } of found.scores) {
        for (const kind of CURVES) {
          const golden = goldens.array(`${name}/${method}/${fill}/${kind}`).data;
          expect(score[kind].curve, `${method}, ${fill}, ${kind}`).toBeCloseToArray(golden, PROBABILITIES);
        }
      }
    });
  });
}
