import { createReadStream, readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { ArgumentError, ConfigError, loadModel, ModelDisposedError, WeightsError } from '../../src/index.ts';
import type { Classification, ImageInput, Model } from '../../src/index.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';
import { slowClock } from '../support/slow-clock.ts';

const FOLDER = `${GOLDEN_FOLDER}vit-tiny-random`;
const PICTURE = `${GOLDEN_FOLDER}pictures/landscape.png`;
const OTHER = `${GOLDEN_FOLDER}pictures/portrait.jpg`;

async function all(results: AsyncIterable<Classification>): Promise<Classification[]> {
  const list: Classification[] = [];
  for await (const result of results) list.push(result);
  return list;
}

describe('a loaded model', () => {
  let model: Model;
  beforeAll(async () => {
    model = await loadModel(FOLDER);
  });
  afterAll(() => model.dispose());

  test('answers the same for a path, its bytes, a stream of them and its pixels', async () => {
    const { data, info } = await sharp(PICTURE).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const expected = await model.classify(PICTURE);
    expect(await model.classify(readFileSync(PICTURE))).toEqual(expected);
    expect(await model.classify(createReadStream(PICTURE, { highWaterMark: 512 }))).toEqual(expected);
    expect(await model.classify({ data, width: info.width, height: info.height })).toEqual(expected);
  });

  test('answers the same one by one, in any batch size, and side by side', async () => {
    const paths = [PICTURE, OTHER, OTHER, PICTURE, PICTURE];
    const expected = await Promise.all(paths.map((path) => model.classify(path)));
    for (const batchSize of [1, 2, 5, 8]) {
      const results = await all(model.classifyAll(paths, { batchSize }));
      expect(results.map(({ path }) => path)).toEqual(paths);
      for (const [i, result] of results.entries()) {
        const probabilities = (result.status === 'ok' ? result.predictions : []).map(({ probability }) => probability);
        expect(probabilities).toBeCloseToArray(
          expected[i]!.map(({ probability }) => probability),
          { atol: 1e-6 },
        );
      }
    }
  });

  test('a bad file in the middle is a result of its own and the rest go on', async () => {
    const results = await all(model.classifyAll([PICTURE, 'nowhere.png', FOLDER, OTHER], { topK: 1 }));
    expect(results).toMatchObject([
      { status: 'ok' },
      {
        path: 'nowhere.png',
        status: 'error',
        error: { code: 'IMAGE_NOT_FOUND', message: expect.stringContaining('nowhere.png: ') },
      },
      { status: 'error', error: { code: 'IMAGE_UNREADABLE' } },
      { status: 'ok' },
    ]);
  });

  test('top-k gives as many classes as asked for, likeliest first, at most all', async () => {
    const predictions = await model.classify(PICTURE, { topK: 99 });
    expect(predictions).toHaveLength(7);
    const probabilities = predictions.map(({ probability }) => probability);
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
    expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    expect(await model.classify(PICTURE, { topK: 2 })).toEqual(predictions.slice(0, 2));
  });

  test('pixels that are none are refused', async () => {
    const rgba = { data: new Uint8Array(16), width: 2, height: 2 };
    const wrong: unknown[] = [
      rgba,
      { ...rgba, data: new Uint8Array(11) },
      { ...rgba, width: 2.5 },
      { ...rgba, width: -2, height: -2 },
      { data: new Uint8Array(), width: 0, height: 0 },
      { ...rgba, data: Array(12).fill(0) },
      undefined,
      null,
      new ArrayBuffer(12),
      new URL('file:///a.png'),
    ];
    for (const image of wrong) await expect(model.classify(image as ImageInput)).rejects.toThrow(ArgumentError);
    await expect(model.classify(rgba)).rejects.toThrow('Drop the fourth channel');
  });

  test('options out of range are refused', async () => {
    await expect(model.classify(PICTURE, { topK: 0 })).rejects.toThrow('topK: expected a whole number of at least 1');
    await expect(all(model.classifyAll([PICTURE], { batchSize: 1e6 }))).rejects.toThrow('from 1 to 1024');
    await expect(all(model.classifyAll(PICTURE))).rejects.toThrow('Put it in [ ]');
  });

  describe('an abort', () => {
    test('before the start', async () => {
      const signal = AbortSignal.abort(new Error('stop'));
      await expect(model.classify(PICTURE, { signal })).rejects.toThrow('stop');
      await expect(all(model.classifyAll([PICTURE], { signal }))).rejects.toThrow('stop');
      await expect(loadModel(FOLDER, { signal })).rejects.toThrow('stop');
    });

    test('inside a forward pass', async () => {
      slowClock();
      const controller = new AbortController();
      const running = model.classify({ data: new Uint8Array(48 * 48 * 3), width: 48, height: 48 }, controller);
      // The pass gives way after each of its three blocks.
      setImmediate(() => controller.abort(new Error('stop')));
      await expect(running).rejects.toThrow('stop');
    });

    test('between the results of a batch', async () => {
      const controller = new AbortController();
      const seen: string[] = [];
      const run = async (): Promise<void> => {
        for await (const { path } of model.classifyAll([PICTURE, OTHER, PICTURE], controller)) {
          seen.push(path);
          controller.abort(new Error('stop'));
        }
      };
      await expect(run()).rejects.toThrow('stop');
      expect(seen).toEqual([PICTURE]);
    });
  });

  test('leaving the iteration early leaves nothing behind', async () => {
    for await (const { status } of model.classifyAll(Array(30).fill(PICTURE), { batchSize: 2 })) {
      expect(status).toBe('ok');
      break;
    }
  });
});

test('a model that was disposed of says so, whatever it is asked', async () => {
  const model = await loadModel(FOLDER);
  model.dispose();
  model.dispose();
  await expect(model.classify(PICTURE)).rejects.toThrow(ModelDisposedError);
  await expect(model.classify('nowhere.png')).rejects.toThrow(ModelDisposedError);
  await expect(all(model.classifyAll([]))).rejects.toThrow(ModelDisposedError);
});

test('a model disposed of in the middle of a pass ends it with that error', async () => {
  const model = await loadModel(FOLDER);
  slowClock();
  const running = model.classify({ data: new Uint8Array(48 * 48 * 3), width: 48, height: 48 });
  setImmediate(() => model.dispose());
  await expect(running).rejects.toThrow(ModelDisposedError);
});

test('photographs are turned as their EXIF orientation says, unless that is switched off', async () => {
  const stored = await sharp(PICTURE).rotate(90).withMetadata({ orientation: 8 }).png().toBuffer();
  const turned = await sharp(PICTURE).rotate(90).png().toBuffer();
  using upright = await loadModel(FOLDER);
  using asStored = await loadModel(FOLDER, { autoOrient: false });
  expect(await upright.classify(stored)).toEqual(await upright.classify(PICTURE));
  expect(await asStored.classify(stored)).toEqual(await asStored.classify(turned));
  expect(await asStored.classify(turned)).not.toEqual(await upright.classify(PICTURE));
});

test.each([
  [{ backend: 'gpu' }, 'backend: expected one of auto, '],
  [{ precision: 'int4' }, 'precision: expected one of auto, f32, bf16x3, bf16, got int4'],
  [{ threads: -3 }, 'threads: expected a whole number from 1 to 1024, got -3'],
  [{ imageSize: 50 }, 'imageSize: expected sides that are multiples of the 16-pixel patch, got 50x50'],
  [{ imageSize: 8192 }, 'imageSize: expected at most 16385 tokens'],
  [{ imageSize: { height: 0, width: 16 } }, 'imageSize: expected whole pixels, got 0x16'],
])('loading with %o is refused', async (options, message) => {
  await expect(loadModel(FOLDER, options as object)).rejects.toThrow(ArgumentError);
  await expect(loadModel(FOLDER, options as object)).rejects.toThrow(message);
});

describe('a checkpoint that contradicts itself', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'patchlens-'));
    for (const name of ['config.json', 'model.safetensors']) await cp(`${FOLDER}/${name}`, join(folder, name));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const configure = async (changes: object): Promise<void> => {
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as object;
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...changes }));
  };

  test('positions for another grid than its image size has', async () => {
    await configure({ model_args: { img_size: 32, num_heads: 3 } });
    await expect(loadModel(folder)).rejects.toThrow(ConfigError);
    await expect(loadModel(folder)).rejects.toThrow('expected positions for the 2 × 2 patches of 32x32 pixels');
  });

  test('an image size of no whole patches', async () => {
    await configure({ model_args: { img_size: 50, num_heads: 3 } });
    await expect(loadModel(folder)).rejects.toThrow(ConfigError);
  });

  test('weights of NaN are an error, not an answer', async () => {
    const path = join(folder, 'model.safetensors');
    const bytes = await readFile(path);
    bytes.fill(0xff, bytes.length - 64);
    await writeFile(path, bytes);
    using model = await loadModel(folder);
    await expect(model.classify(PICTURE)).rejects.toThrow(WeightsError);
  });
});
