import { afterAll, beforeAll, expect, test } from 'vitest';

import type { AttentionMethod, AttentionOptions } from '../../src/use-cases/attention/methods.ts';
import { tokenGridOf } from '../../src/use-cases/attention/token-grid.ts';
import { traceOf } from '../../src/use-cases/attention/trace.ts';
import { attentionOf } from '../../src/use-cases/attention/attention.ts';
import { headStatistics } from '../../src/attribution/head-statistics.ts';
import { principalComponents } from '../../src/attribution/principal-components.ts';
import { cosineSimilarity } from '../../src/attribution/similarity.ts';
import { loadNetwork, loadViT } from '../../src/use-cases/load/load.ts';
import type { LoadedViT } from '../../src/use-cases/load/load.ts';
import { describeBackends } from '../support/backends.ts';
import { GOLDEN_FOLDER, readGoldens } from '../support/goldens.ts';
import type { GoldenArray } from '../support/goldens.ts';

/** Float32 against float64 with hooks. */
const MAPS = { atol: 1e-5, rtol: 1e-5 };
/** Sums over 1,280 channels: torch's own float32 is up to 6.1e-6 off its float64, and here norms are folded besides. */
const FEATURES = { atol: 2e-5 };

interface Case {
  readonly folder: string;
  readonly pixels: string;
  readonly prefix: readonly string[];
  readonly query: string;
  readonly grid: readonly [number, number];
  readonly images: number;
}

interface Manifest {
  readonly targets: readonly number[];
  readonly ofAClass: readonly string[];
  readonly cases: Readonly<Record<string, Case>>;
  readonly cnns: readonly string[];
  readonly cnnTargets: readonly number[];
  readonly cnnSize: readonly [height: number, width: number];
}

const goldens = readGoldens<Manifest>('attention');
const { targets, ofAClass, cases, cnns, cnnTargets, cnnSize } = goldens.manifest;

/** A golden's name and the options that ask for the same; `-late` is of the last two layers. */
const QUESTIONS: readonly (readonly [golden: string, options: AttentionOptions])[] = [
  ['attention', { method: 'attention', layers: 'all', fusion: 'none' }],
  ['attention-max', { method: 'attention', fusion: 'max' }],
  ['attention-min', { method: 'attention', fusion: 'min' }],
  ['attention-to', { method: 'attention', direction: 'to' }],
  ['rollout', { method: 'rollout' }],
  ['rollout-max-discard', { method: 'rollout', fusion: 'max', discard: 0.5 }],
  ['token-norm', { method: 'token-norm' }],
  ['token-similarity', { method: 'token-similarity' }],
  ['token-colours', { method: 'token-colours' }],
  ...ofAClass.flatMap((name) =>
    targets.map((target) => {
      const method = name.replace('-late', '') as AttentionMethod;
      return [`${name}/${target}`, { method, target }] as const;
    }),
  ),
];

for (const [name, { folder, pixels, prefix, grid, query, images: count }] of Object.entries(cases)) {
  describeBackends(`attention maps of ${name} agree with float64 torch`, () => {
    let loaded: LoadedViT;
    let images: Float32Array[];
    beforeAll(async () => {
      const given = readGoldens(folder).array(pixels);
      const [height, width] = given.shape.slice(1, 3) as [number, number];
      loaded = await loadViT(`${GOLDEN_FOLDER}${folder}`, { imageSize: { height, width } });
      images = imagesOf(given);
    });
    afterAll(() => loaded[Symbol.dispose]());

    test.each(QUESTIONS)('%s', async (golden, options) => {
      const { depth } = loaded.vit.config;
      const layers = golden.includes('-late') ? [depth - 2, depth - 1] : options.layers;
      const found = await attentionOf(loaded, images, { ...options, layers }, () => {});
      expect(found).toHaveLength(count);
      for (const [i, image] of found.entries()) {
        expect(image.grid).toEqual({ Gh: grid[0], Gw: grid[1], prefix });
        if (image.query !== undefined) expect(image.query).toBe(query);
        const values = image.maps.flatMap((map) => Object.values(map.prefix).concat(Array.from(map.values.data)));
        expect(values, `image ${i}`).toBeCloseToArray(goldens.array(`${name}/${i}/${golden}`).data, MAPS);
      }
    });

    test('statistics of heads', async () => {
      const input = loaded.network.inputOf(images);
      const depth = loaded.vit.config.depth;
      const layers = Array.from({ length: depth }, (_, layer) => layer);
      const { weights } = await traceOf(loaded.network, input, { weights: layers });
      input.dispose();
      for (const layer of layers) {
        const place = { layer, patchSize: 1 };
        for (const [i, image] of weights.get(layer)!.entries()) {
          const statistics = headStatistics(image, tokenGridOf(loaded.vit.config), place);
          const golden = (what: string) => goldens.array(`${name}/${i}/statistics/${layer}/${what}`).data;
          expect(statistics.map(({ distance }) => distance)).toBeCloseToArray(golden('distance'), MAPS);
          expect(statistics.map(({ entropy }) => entropy)).toBeCloseToArray(golden('entropy'), MAPS);
          const shares = statistics.flatMap(({ prefixShares }) => Object.values(prefixShares));
          expect(shares).toBeCloseToArray(golden('prefix'), MAPS);
        }
      }
    });
  });
}

for (const name of cnns) {
  describeBackends(`Grad-CAM of ${name} agrees with float64 torch`, () => {
    test.each(cnnTargets)('class %i', async (target) => {
      const [height, width] = cnnSize;
      using loaded = await loadNetwork(`${GOLDEN_FOLDER}cnns/${name}`, { imageSize: { height, width } });
      const images = [pattern(0), pattern(1)];
      const found = await attentionOf(loaded, images, { method: 'grad-cam', target }, () => {});
      for (const [i, { maps, grid }] of found.entries()) {
        expect(grid).toEqual({ Gh: 3, Gw: 4, prefix: [] });
        const { data } = goldens.array(`cnn/${name}/${i}/${target}`);
        expect(maps[0]!.values.data, `image ${i}`).toBeCloseToArray(data, FEATURES);
      }
    });
  });
}

/** As `pattern` in the script. */
function pattern(image: number): Float32Array {
  const [height, width] = cnnSize;
  return Float32Array.from({ length: height * width * 3 }, (_, i) => ((i * 7919) % (1009 - image)) / 504 - 1);
}

test('one image of a batch is explained as it is alone', async () => {
  using loaded = await loadViT(`${GOLDEN_FOLDER}vit-tiny-random`, { backend: 'wasm' });
  const images = imagesOf(readGoldens('vit-tiny-random').array('stages/pixels'));
  const options = { method: 'relevance' } as const;
  const together = await attentionOf(loaded, images, options, () => {});
  const alone = await attentionOf(loaded, images.slice(1), options, () => {});
  expect(alone[0]!.target).toBe(together[1]!.target);
  expect(alone[0]!.maps[0]!.values.data).toBeCloseToArray(together[1]!.maps[0]!.values.data, { atol: 1e-6 });
});

test('similarity of positions, and components of the patch embedding', async () => {
  using loaded = await loadViT(`${GOLDEN_FOLDER}vit-tiny-random`, { backend: 'cpu' });
  const { positions, patchEmbedding } = loaded.vit.params;
  const D = loaded.vit.config.dim;
  const rows = positions!.dataSync<'float32'>().subarray(D);
  expect(cosineSimilarity(rows, D, 4)).toBeCloseToArray(goldens.array('positions').data, MAPS);
  const [size, width] = patchEmbedding.kernel.shape as [number, number];
  const kernel = patchEmbedding.kernel.dataSync<'float32'>();
  const filters = Float32Array.from(
    { length: size * width },
    (_, i) => kernel[(i % size) * width + Math.floor(i / size)]!,
  );
  const { components, shares } = principalComponents(filters, size, 5);
  expect(components).toBeCloseToArray(goldens.array('filters/components').data, MAPS);
  expect(shares).toBeCloseToArray(goldens.array('filters/shares').data, MAPS);
});

function imagesOf({ shape, data }: GoldenArray): Float32Array[] {
  const [B = 0] = shape;
  const size = data.length / B;
  return Array.from({ length: B }, (_, i) => Float32Array.from(data.subarray(i * size, (i + 1) * size)));
}
