import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { ArgumentError, ModelNotFoundError, WeightsError } from '../../../src/errors.ts';
import { convertModel } from '../../../src/index.ts';
import { loadViT } from '../../../src/use-cases/load/load.ts';
import type { LoadedViT } from '../../../src/use-cases/load/load.ts';
import { bytesInMemory } from '../../../src/weights/byte-source.ts';
import { readSafetensors } from '../../../src/weights/safetensors.ts';
import { GOLDEN_FOLDER, readGoldens } from '../../support/goldens.ts';
import { logitsOf, patchesOf } from '../../support/vit-runs.ts';
import { writeSafetensors } from '../../support/write-safetensors.ts';

const FAMILIES = `${GOLDEN_FOLDER}families/`;
/** The same sums, with zeros among them at most. */
const SAME = { atol: 1e-6, rtol: 1e-6 };
/** Weights of order one stored with eleven bits; layer scale of order one lets their errors add up over the blocks. */
const HALF = { atol: 5e-3 };

/** What a library's classes do not have; every other checkpoint it takes. */
const LACKING: Readonly<Record<'huggingface' | 'timm', Readonly<Record<string, RegExp>>>> = {
  huggingface: {
    'npz-big-vision-gap': /ViT, patch 8, width 18 with a network without a class token\. Write it with timm names\./,
    'timm-avg-fc-norm':
      /vit_tiny_patch16_224 with a final norm after the mean of the patches\. Write it with timm names\./,
    'timm-no-class-token': /without a class token/,
    'timm-no-qkv-bias': /without a class token/,
    'timm-pre-norm': /a layer norm before the first block/,
    'timm-qk-norm': /layer norms on queries and keys/,
    'timm-quick-gelu': /a layer norm before the first block/,
    'timm-reg4-gap': /without a class token, a final norm after the mean/,
  },
  timm: {
    'hf-dinov2':
      /Dinov2ForImageClassification with a head on the class token beside the mean.*Write it with huggingface/,
    'hf-dinov2-registers': /a head on the class token beside the mean/,
    'hf-dinov2-swiglu': /a head on the class token beside the mean/,
  },
};

let folder: string;
let output: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-convert-'));
  output = join(folder, 'converted');
});
afterEach(() => rm(folder, { recursive: true }));

describe.each(['huggingface', 'timm'] as const)('with %s names', (names) => {
  test.each(readdirSync(FAMILIES).toSorted())(
    '%s gives the same logits, or is refused with the reason',
    async (name) => {
      const model = FAMILIES + name;
      const lacking = LACKING[names][name];
      if (lacking !== undefined) {
        const converting = convertModel(model, { output, names });
        await expect(converting).rejects.toThrow(ArgumentError);
        await expect(converting).rejects.toThrow(lacking);
        expect(existsSync(output)).toBe(false);
        return;
      }
      const { warnings } = await convertModel(model, { output, names });
      const half = join(folder, 'half');
      await convertModel(model, { output: half, names, dtype: 'float16' });
      using original = await loadViT(model);
      using converted = await loadViT(output);
      using halved = await loadViT(half);
      const pixels = readGoldens(`families/${name}`).array('stages/pixels');
      const { epsilon } = converted.info.config;
      expect(warnings.some((warning) => warning.includes('ε of'))).toBe(original.info.config.epsilon !== epsilon);
      const expected = logitsOf(withEpsilon(original, epsilon), patchesOf(original, pixels));
      expect(logitsOf(converted, patchesOf(converted, pixels))).toBeCloseToArray(expected, SAME);
      expect(logitsOf(halved, patchesOf(halved, pixels))).toBeCloseToArray(expected, HALF);
      expect(converted.info.classes).toEqual(original.info.classes);
      if (!warnings.some((warning) => /resizes images|odd margin/.test(warning))) {
        expect(converted.info.preprocessing).toEqual({
          ...original.info.preprocessing,
          cropRounding: converted.info.preprocessing.cropRounding,
        });
      }
    },
  );
});

/** The network with what timm cannot be told, so that the rest of it is compared. */
function withEpsilon(loaded: LoadedViT, epsilon: number): LoadedViT {
  return { ...loaded, vit: { ...loaded.vit, config: { ...loaded.vit.config, epsilon } } };
}

describe('names', () => {
  test.each([
    ['hf-vit', 'huggingface'],
    ['timm-patch16', 'timm'],
    ['torchvision-vit', 'timm'],
    ['npz-augreg', 'timm'],
  ])('of %s are %s unless others are asked for', async (name, names) => {
    expect(await convertModel(FAMILIES + name, { output })).toMatchObject({ output, names, dtype: 'float32' });
  });
});

describe('what is written', () => {
  const files = async (name: string, names: 'huggingface' | 'timm') => {
    await convertModel(FAMILIES + name, { output, names });
    const json = (file: string): unknown => JSON.parse(readFileSync(join(output, file), 'utf8'));
    return { names: readdirSync(output).toSorted(), json };
  };

  test('for timm: an architecture that shares class and ε, and every argument that it differs in', async () => {
    const { names, json } = await files('npz-big-vision', 'timm');
    expect(names).toEqual(['config.json', 'model.safetensors']);
    expect(json('config.json')).toMatchObject({
      architecture: 'vit_base_patch16_224',
      num_classes: 7,
      model_args: { img_size: 24, patch_size: 8, embed_dim: 18, no_embed_class: true, act_layer: 'gelu_tanh' },
      pretrained_cfg: { input_size: [3, 24, 24], crop_mode: 'squash', crop_pct: 1, interpolation: 'bilinear' },
    });
  });

  test('for timm: its own name for the network and the shortest share of the crop', async () => {
    const { json } = await files('timm-deit-distilled', 'timm');
    expect(json('config.json')).toMatchObject({
      architecture: 'deit_tiny_distilled_patch16_224',
      label_names: ['ant', 'bee', 'cat', 'dog', 'eel', 'fox', 'gnu'],
      pretrained_cfg: { crop_pct: 0.9, classifier: ['head', 'head_dist'] },
    });
  });

  test('for transformers: the first class that has the network, and the processor with its recipe', async () => {
    const { names, json } = await files('timm-dinov2-reg4', 'huggingface');
    expect(names).toEqual(['config.json', 'model.safetensors', 'preprocessor_config.json']);
    expect(json('config.json')).toMatchObject({
      architectures: ['Dinov2WithRegistersForImageClassification'],
      model_type: 'dinov2_with_registers',
      dtype: 'float32',
      mlp_ratio: 3,
      num_register_tokens: 4,
      id2label: { 0: 'ant', 6: 'gnu' },
      label2id: { ant: 0, gnu: 6 },
    });
    expect(json('preprocessor_config.json')).toMatchObject({
      image_processor_type: 'BitImageProcessor',
      size: { shortest_edge: 21 },
      crop_size: { height: 21, width: 21 },
      resample: 3,
    });
  });

  test('a position table that the library brings to the image itself is kept, another is brought there', async () => {
    await convertModel(`${FAMILIES}hf-dinov2`, { output });
    const kept = await readSafetensors(bytesInMemory(readFileSync(join(output, 'model.safetensors'))), output);
    expect(kept.get('dinov2.embeddings.position_embeddings')?.shape).toEqual([1, 26, 12]);
  });
});

describe('what the library does otherwise is said', () => {
  test.each([
    ['hf-vit', 'timm', /^timm computes this network's layer norms with an ε of 1e-6, not 1e-12: logits differ/],
    ['npz-augreg', 'timm', /^timm resizes images by bilinear, not by bilinear-no-antialias$/],
    ['timm-patch8', 'huggingface', /^transformers rounds an odd margin of the crop another way/],
    [
      'torchvision-vit',
      'timm',
      /^at another image size timm resamples the positions by bicubic-antialias, not by bicubic-c/,
    ],
  ] as const)('%s with %s names', async (name, names, warning) => {
    const { warnings } = await convertModel(FAMILIES + name, { output, names });
    expect(warnings).toContainEqual(expect.stringMatching(warning));
  });

  test('nothing for a checkpoint that stays with its library', async () => {
    for (const name of ['hf-vit', 'hf-deit-distilled', 'timm-patch8', 'timm-avg']) {
      const { warnings } = await convertModel(FAMILIES + name, { output: join(folder, name) });
      expect(warnings, name).toEqual([]);
    }
  });
});

describe('the folder', () => {
  const MODEL = `${FAMILIES}timm-patch16`;

  test('is made with those above it', async () => {
    await convertModel(MODEL, { output: join(output, 'a', 'b') });
    expect(readdirSync(join(output, 'a'))).toEqual(['b']);
  });

  test('may be there when it is empty', async () => {
    mkdirSync(output);
    await convertModel(MODEL, { output });
    expect(readdirSync(output)).toHaveLength(2);
  });

  test('that holds something is refused before the model is read, or keeps it by force', async () => {
    mkdirSync(output);
    writeFileSync(join(output, 'notes.txt'), 'mine');
    await expect(convertModel('no such model', { output })).rejects.toThrow(
      `output ${output}: expected a new or empty folder, got one with 1 entries.`,
    );
    await convertModel(MODEL, { output, force: true });
    expect(readdirSync(output).toSorted()).toEqual(['config.json', 'model.safetensors', 'notes.txt']);
  });

  test('that is a file is refused', async () => {
    writeFileSync(output, 'mine');
    await expect(convertModel(MODEL, { output, force: true })).rejects.toThrow('expected a folder, got ENOTDIR');
  });

  test('may be the model’s own, by force', async () => {
    await convertModel(MODEL, { output });
    await convertModel(output, { output, dtype: 'float16', names: 'huggingface', force: true });
    using converted = await loadViT(output);
    expect(converted.info.family).toBe('Hugging Face ViT');
  });
});

describe('a conversion that fails leaves nothing behind', () => {
  test('no model', async () => {
    await expect(convertModel(join(folder, 'none'), { output })).rejects.toThrow(ModelNotFoundError);
    expect(readdirSync(folder)).toEqual([]);
  });

  /** The tiny checkpoint with one tensor changed. */
  const changed = async (name: string, values: Float32Array): Promise<string> => {
    const source = `${FAMILIES}timm-patch16/`;
    const arrays = await readSafetensors(bytesInMemory(readFileSync(`${source}model.safetensors`)), source);
    arrays.set(name, { shape: [values.length], data: values });
    const model = join(folder, 'changed');
    mkdirSync(model);
    writeFileSync(join(model, 'config.json'), readFileSync(`${source}config.json`));
    writeFileSync(join(model, 'model.safetensors'), writeSafetensors(arrays));
    return model;
  };

  test('a value that float16 does not hold', async () => {
    const model = await changed('norm.bias', new Float32Array(12).fill(1e5));
    await expect(convertModel(model, { output, dtype: 'float16' })).rejects.toThrow(
      /norm\.bias: expected values within ±65504, the range of float16, got 100000/,
    );
    expect(readdirSync(folder)).toEqual(['changed']);
    await convertModel(model, { output });
  });

  test('a checkpoint that is not what it says', async () => {
    const model = await changed('norm.bias', new Float32Array(5));
    await expect(convertModel(model, { output })).rejects.toThrow(WeightsError);
    expect(readdirSync(folder)).toEqual(['changed']);
  });

  test('an interruption', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(convertModel(`${FAMILIES}timm-patch16`, { output, signal })).rejects.toThrow('stopped');
    expect(readdirSync(folder)).toEqual([]);
  });
});
