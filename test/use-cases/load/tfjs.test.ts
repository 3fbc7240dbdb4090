import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { loadModel } from '../../../src/index.ts';
import type { LoadOptions } from '../../../src/index.ts';
import { GOLDEN_FOLDER } from '../../support/goldens.ts';

/** As deep as these tests look into a model.json. */
interface ModelJson {
  readonly modelTopology: {
    readonly config: { readonly layers: LayerJson[] };
    readonly node: Record<string, unknown>[];
    library?: unknown;
  };
  readonly weightsManifest: readonly { readonly paths: string[]; readonly weights: Record<string, unknown>[] }[];
}

interface LayerJson {
  readonly name?: string;
  class_name: string;
  config: Record<string, unknown>;
}

const scratch = mkdtempSync(join(tmpdir(), 'patchlens-tfjs-'));
afterAll(() => rmSync(scratch, { recursive: true }));
let copies = 0;

/** A copy of a golden model with another model.json, and another patchlens.json where one is given. */
function changed(name: string, change: (model: ModelJson) => void, settings?: unknown): string {
  const folder = join(scratch, String(copies++));
  cpSync(`${GOLDEN_FOLDER}tfjs/${name}`, folder, { recursive: true });
  const model = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  change(model);
  writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
  if (settings !== undefined) writeFileSync(join(folder, 'patchlens.json'), JSON.stringify(settings));
  return folder;
}

async function load(path: string, options: LoadOptions = {}) {
  using model = await loadModel(path, { backend: 'cpu', ...options });
  return model.info;
}

describe('a TensorFlow.js model', () => {
  test('is found by its folder and by its file, and says what it is', async () => {
    const info = await load(`${GOLDEN_FOLDER}tfjs/layers-residual/model.json`);
    expect(info).toMatchObject({
      architecture: 'tiny_residual',
      family: 'TensorFlow.js layers model',
      config: { kind: 'tfjs', numSteps: 11, numClasses: 5, output: 'probabilities' },
      classes: ['class 0', 'class 1', 'class 2', 'class 3', 'class 4'],
      // 7 × 6 positions behind a stem of 3·3·3 to 6, 3·3 each, 6 to 6; norms of the stem, 2 each.
      cost: { multiplyAdds: 7 * 6 * 6 * (27 + 9 + 6) + 6 * 5, activations: 7 * 6 * 6 * 3 + 5 },
    });
    expect(info.cost!.multiplyAddsWithNorms - info.cost!.multiplyAdds).toBe(2 * 7 * 6 * 6);
    expect(info.assumption).toMatch(/squashed .* pixels from -1 to 1 are assumed/);
    const graph = await load(`${GOLDEN_FOLDER}tfjs/graph`);
    expect(graph).toMatchObject({
      architecture: 'graph',
      family: 'TensorFlow.js graph model',
      config: { kind: 'tfjs', numClasses: 4, output: 'probabilities' },
      classes: ['ash', 'birch', 'cedar', 'dogwood'],
      assumption: undefined,
    });
  });

  test('that scales its pixels itself is given them as they are stored', async () => {
    const { preprocessing, assumption } = await load(`${GOLDEN_FOLDER}tfjs/layers-scaling`);
    expect(preprocessing).toMatchObject({ mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] });
    expect(assumption).toMatch(/pixels from 0 to 255/);
  });

  test('for images of any size takes the size asked for, and one for a single size no other', async () => {
    const { preprocessing } = await load(`${GOLDEN_FOLDER}tfjs/layers-scaling`, { imageSize: 29 });
    expect(preprocessing.imageSize).toEqual({ height: 29, width: 29 });
    await expect(load(`${GOLDEN_FOLDER}tfjs/graph`, { imageSize: 29 })).rejects.toThrow(
      /expected 12x10, for which .* is made, got 29x29/,
    );
  });

  test('is prepared as patchlens.json says, and that as the options say', async () => {
    const path = changed('layers-residual', () => {}, { mean: 0.25, std: [0.5, 1, 2], crop: 0.5, output: 'logits' });
    const { preprocessing, config, assumption } = await load(path, {
      preprocessing: { mean: [1, 2, 3], resize: 'border' },
    });
    expect(preprocessing).toEqual({
      imageSize: { height: 13, width: 11 },
      resize: { kind: 'border', size: { height: 13, width: 11 } },
      interpolation: 'bilinear-no-antialias',
      cropRounding: 'half-even',
      mean: [1, 2, 3],
      std: [0.5, 1, 2],
    });
    expect([config.kind === 'tfjs' && config.output, assumption]).toEqual(['logits', undefined]);
  });

  test.each([
    [{ means: 0.5 }, /Unrecognized key: "means"/],
    [{ std: [1, 0, 1] }, /std: expected positive deviations/],
    [{ crop: 1e-9 }, /crop: /],
    [{ labels: ['a'] }, /labels: expected 5, got 1/],
  ])('with the settings %j is refused', async (settings, message) => {
    await expect(load(changed('layers-residual', () => {}, settings))).rejects.toThrow(message);
  });
});

const DENSE = { class_name: 'Dense', config: { name: 'more', units: 1e9 } };
const layersOf = (model: ModelJson) => model.modelTopology.config.layers;
const manifestOf = (model: ModelJson) => model.weightsManifest[0]!;
const nodeOf = (model: ModelJson, name: string) => model.modelTopology.node.find((node) => node['name'] === name)!;

describe('of a file that is not to be trusted', () => {
  test.each(['../1.bin', '/etc/hosts', 'http://example.org/1.bin', 'a\\b.bin', '..'])(
    'the weights %s are not opened',
    async (file) => {
      const path = changed('graph', (model) => {
        manifestOf(model).paths[1] = file;
      });
      await expect(load(path)).rejects.toThrow(/expected the names of weights files beside it/);
    },
  );

  test('a link to a file elsewhere is not followed', async () => {
    const path = changed('layers-residual', () => {});
    const shard = readdirSync(path).find((file) => file.endsWith('.bin')) ?? '';
    const elsewhere = join(scratch, 'elsewhere.bin');
    cpSync(join(path, shard), elsewhere);
    rmSync(join(path, shard));
    symlinkSync(elsewhere, join(path, shard));
    await expect(load(path)).rejects.toThrow(/got a link to/);
  });

  test.each([
    ['shape', [2 ** 40], /expected 4398046\d+ bytes of weights in group1-shard1of1.bin, got 1292/],
    ['shape', [-1], /Too small/],
    ['dtype', 'string', /dtype/],
    ['name', '__proto__', /name/],
  ])('a weight with the %s %j is refused before memory is asked for', async (key, value, message) => {
    const path = changed('layers-residual', (model) => {
      manifestOf(model).weights[0]![key] = value;
    });
    await expect(load(path)).rejects.toThrow(message);
  });

  test.each(['Lambda', 'TFOpLambda', 'MyLayer', 'constructor', '__proto__', 'toString'])(
    'a layer of the class %s is refused by name',
    async (name) => {
      const path = changed('layers-residual', (model) => {
        layersOf(model)[3]!.class_name = name;
      });
      await expect(load(path)).rejects.toThrow(`expected layers that TensorFlow.js has, got «${name}»`);
    },
  );

  test('a layer of more weights than the file holds is never made', async () => {
    const path = changed('layers-scaling', (model) => void layersOf(model).push(DENSE));
    await expect(load(path)).rejects.toThrow(/expected layers of at most 317 weights in all, got more at more\/kernel/);
  });

  test('a layer that blows its input up is refused before it runs', async () => {
    const path = changed('layers-residual', (model) => {
      Object.assign(layersOf(model).find(({ name }) => name === 'pad')!.config, {
        padding: [
          [0, 1e8],
          [0, 1e8],
        ],
      });
    });
    await expect(load(path)).rejects.toThrow(/layer pad: expected at most 268435456 values/);
  });

  test('layers and weights that do not belong together are refused', async () => {
    const path = changed('layers-residual', (model) => {
      manifestOf(model).weights[0]!['name'] = 'other/kernel';
    });
    await expect(load(path)).rejects.toThrow(/expected the weights of its layers: .*other\/kernel/);
  });

  test.each(['While', 'StatelessIf', 'Switch', 'TensorListReserve', 'HashTableV2', 'PartitionedCall'])(
    'a graph with the operation %s is refused',
    async (op) => {
      const path = changed('graph', (model) => {
        model.modelTopology.library = { function: [{ node_def: [{ name: 'inner', op }] }] };
      });
      await expect(load(path)).rejects.toThrow(`expected a graph without branches and loops, got «${op}» at inner`);
    },
  );

  test('a graph with an operation that nobody knows is refused', async () => {
    const path = changed('graph', (model) => {
      nodeOf(model, 'sum')['op'] = 'RunThis';
    });
    await expect(load(path)).rejects.toThrow(/expected a network that runs on this backend: .*RunThis/);
  });

  test('a graph that leads in a circle ends', async () => {
    const path = changed('graph', (model) => {
      Object.assign(nodeOf(model, 'softmax'), { op: 'Identity', input: ['probabilities'] });
    });
    await expect(load(path)).rejects.toThrow(/expected a network that runs on this backend/);
  });

  test('outputs that are no choice between classes are refused', async () => {
    const layers = changed('layers-residual', (model) => {
      layersOf(model).at(-1)!.config['activation'] = 'sigmoid';
    });
    await expect(load(layers)).rejects.toThrow(/expected classes of which one is true, got a sigmoid for each/);
    const graph = changed('graph', (model) => {
      nodeOf(model, 'softmax')['op'] = 'Sigmoid';
    });
    await expect(load(graph)).rejects.toThrow(/got a sigmoid for each/);
  });

  test('and no JSON, or another, is no model', async () => {
    const path = join(scratch, 'model.json');
    writeFileSync(path, '{"weight_map": {}}');
    await expect(load(path)).rejects.toThrow(/expected a TensorFlow.js model with its weights/);
    writeFileSync(path, '[');
    await expect(load(path)).rejects.toThrow(/expected JSON/);
  });
});
