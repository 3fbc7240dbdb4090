import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { exploredImage } from '../../../src/use-cases/attention/explorer.ts';
import type { ExploreOptions } from '../../../src/use-cases/attention/explorer.ts';
import { explainImages } from '../../../src/use-cases/attention/images.ts';
import { traceOf } from '../../../src/use-cases/attention/trace.ts';
import { preprocess } from '../../../src/image/preprocess.ts';
import type { RgbImage } from '../../../src/image/rgb-image.ts';
import { loadViT } from '../../../src/use-cases/load/load.ts';
import type { LoadedViT } from '../../../src/use-cases/load/load.ts';
import type { ExplorerData } from '../../../src/report/explorer/explorer-data.ts';
import { errorOf, rowOf } from '../../../src/report/explorer/quantise.ts';
import { GOLDEN_FOLDER } from '../../support/goldens.ts';

/** Another order of the same float32 sums. */
const SUMS = { atol: 1e-5, rtol: 1e-5 };

const photo: RgbImage = {
  width: 50,
  height: 40,
  data: Uint8Array.from({ length: 50 * 40 * 3 }, (_, i) => 128 + 127 * Math.sin(i * 0.37)),
};

const MODELS = [
  { folder: 'families/timm-deit-distilled', prefix: ['class', 'distillation'], token: 0, wide: false },
  // Without a class token: the patch in the middle is shown first.
  {
    folder: 'families/timm-reg4-gap',
    prefix: [0, 1, 2, 3].map((i) => `register ${i}`),
    token: 4 + 2 * 5 + 2,
    wide: true,
  },
];

describe.each(MODELS)('what the explorer shows of $folder', ({ folder, prefix, token, wide }) => {
  let loaded: LoadedViT;
  let explored: ExplorerData;
  const explore = (options: ExploreOptions) => exploredImage(loaded, photo, options, () => {});
  beforeAll(async () => {
    loaded = await loadViT(`${GOLDEN_FOLDER}${folder}`, { backend: 'cpu' });
    if (wide) {
      const { patchSize } = loaded.vit.config;
      loaded[Symbol.dispose]();
      const imageSize = { height: 4 * patchSize, width: 5 * patchSize };
      loaded = await loadViT(`${GOLDEN_FOLDER}${folder}`, { backend: 'cpu', imageSize });
    }
    explored = await explore({ topK: 2, target: 5, steps: [{ layer: 0, head: 1 }, { layer: 1 }] });
  });
  afterAll(() => loaded[Symbol.dispose]());

  test('the grid, the token that asks and the classes', () => {
    expect(explored.grid.prefix).toEqual(prefix);
    if (wide) expect([explored.grid.Gh, explored.grid.Gw]).toEqual([4, 5]);
    expect(explored.token).toBe(token);
    expect(explored.target).toBe(5);
    expect(explored.predictions.map(({ index }) => index)).toContain(5);
    expect(explored.predictions[0]!.probability).toBeGreaterThanOrEqual(explored.predictions[1]!.probability);
  });

  test('attention is that of the network within the stated error', async () => {
    const { config } = loaded.vit;
    const input = loaded.network.inputOf([preprocess(photo, loaded.info.preprocessing).data]);
    const layers = Array.from({ length: config.depth }, (_, i) => i);
    const trace = await traceOf(loaded.network, input, { weights: layers });
    input.dispose();
    const N = prefix.length + explored.grid.Gh * explored.grid.Gw;
    for (const layer of layers) {
      for (let head = 0; head < config.numHeads; head += 1) {
        for (const query of [0, token, N - 1]) {
          const start = (head * N + query) * N;
          const exact = trace.weights.get(layer)![0]!.data.subarray(start, start + N);
          const place = { layer, head };
          const atol = errorOf(explored.attention, explored.grid, place, query) + 1e-7;
          expect(rowOf(explored.attention, explored.grid, place, query)).toBeCloseToArray(exact, { atol });
        }
      }
    }
  });

  test('maps are those of the methods', async () => {
    const methods = [...new Set(explored.maps.map(({ method }) => method))];
    expect(methods).toEqual([
      'rollout',
      'relevance',
      'gradient-rollout',
      'attention-gradient',
      'attention-cam',
      'grad-cam',
    ]);
    for (const method of ['rollout', 'relevance', 'grad-cam'] as const) {
      const [expected] = await explainImages(loaded, [photo], { method, target: 5 }, () => {});
      const found = explored.maps.find((map) => map.method === method && (map.target ?? 5) === 5)!;
      expect(found.values).toBeCloseToArray(expected!.maps[0]!.values.data, SUMS);
      expect(found.prefix).toEqual(Object.values(expected!.maps[0]!.prefix));
    }
  });

  test('steps lead from query and keys to the output', () => {
    const { numHeads } = loaded.vit.config;
    const places = explored.steps.map(({ layer, head }) => `${layer}:${head}`);
    expect(places).toEqual(['0:1', ...Array.from({ length: numHeads }, (_, head) => `1:${head}`)]);
    for (const { layer, head, query, keys, values, scale, ...step } of explored.steps) {
      const Dh = query.length;
      const N = step.scores.length;
      const scores = Float64Array.from({ length: N }, (_, j) =>
        query.reduce((sum, q, d) => sum + q * keys[j * Dh + d]!, 0),
      );
      expect(scale).toBeCloseTo(1 / Math.sqrt(Dh), 12);
      expect(step.scores).toBeCloseToArray(scores, SUMS);
      expect(step.scaled).toBeCloseToArray(
        scores.map((score) => score * scale),
        SUMS,
      );
      const sum = scores.reduce((total, score) => total + Math.exp(score * scale), 0);
      expect(step.weights).toBeCloseToArray(
        scores.map((score) => Math.exp(score * scale) / sum),
        SUMS,
      );
      const output = Float64Array.from({ length: Dh }, (_, d) =>
        step.weights.reduce((total, weight, j) => total + weight * values[j * Dh + d]!, 0),
      );
      expect(step.output).toBeCloseToArray(output, SUMS);
      const place = { layer, head };
      const atol = errorOf(explored.attention, explored.grid, place, step.token) + 1e-7;
      expect(rowOf(explored.attention, explored.grid, place, step.token)).toBeCloseToArray(step.weights, { atol });
    }
  });

  test('keeps the layers asked for', async () => {
    const { attention, steps } = await explore({ layers: [1], steps: [], query: [1, 1] });
    expect(attention.layers).toEqual([1]);
    expect(attention.greatest).toHaveLength(
      loaded.vit.config.numHeads * (prefix.length + explored.grid.Gh * explored.grid.Gw),
    );
    expect(steps).toEqual([]);
  });

  test.each<readonly [ExploreOptions, string]>([
    [{ steps: [{ layer: 9 }] }, 'steps: expected a layer from 0 to'],
    [{ steps: [{ layer: 0, head: -1 }] }, 'steps: expected a head from 0 to'],
    [{ layers: [] }, 'layers: expected at least one'],
    [{ topK: 0 }, 'topK: expected a whole number from 1 to 100, got 0'],
    [{ query: [9, 9] }, 'token: expected a patch of the grid'],
    [{ target: 'unicorn' }, 'target: expected a class'],
  ])('%o is refused', async (options, message) => {
    await expect(explore(options)).rejects.toThrow(message);
  });
});
