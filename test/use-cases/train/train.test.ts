import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadModel, train } from '../../../src/index.ts';
import type { CheckpointChoice, NetworkChoice, RecipeOptions, TrainEvent, TrainOptions } from '../../../src/index.ts';
import { drawLabelledImages } from '../../support/labelled-images.ts';
import { SHAPES_VIT } from '../../support/shapes-vit.ts';

const CLASSES = ['blue', 'green', 'red'];
const SIZE = { height: 16, width: 16 };
const VIT = { kind: 'vit', size: 'Ti', patchSize: 8, imageSize: SIZE, dim: 12, depth: 2, numHeads: 2 } as const;
const RESNET = { kind: 'resnet', imageSize: SIZE, depths: [1, 1], widths: [4, 6] } as const;

/** Everything random at once. */
const RECIPE: RecipeOptions = {
  steps: 6,
  batchSize: 4,
  learningRate: 3e-3,
  stochasticDepth: 0.2,
  augmentation: {
    crop: { kind: 'resized', minArea: 0.5 },
    flip: 0.5,
    randAugment: { operations: 2, magnitude: 9 },
    erasing: 0.5,
  },
  mixing: { mixup: 0.8, cutmix: 1 },
};

let folder = '';
let images = '';
let numRuns = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-train-'));
  images = join(folder, 'images');
  await drawLabelledImages(images, CLASSES, 4);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function newRun(): string {
  numRuns += 1;
  return join(folder, `run-${numRuns}`);
}

async function trained(options: Partial<TrainOptions> = {}): Promise<string> {
  const output = options.output ?? newRun();
  await train(options.validation ?? images, { network: VIT, recipe: RECIPE, ...options, output });
  return output;
}

/** The lines of the log without what depends on the clock. */
async function curveOf(output: string): Promise<object[]> {
  const lines = (await readFile(join(output, 'log.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line, (key, value: unknown) => (key === 'imagesPerSecond' ? 0 : value)));
}

const weightsOf = (output: string): Promise<Buffer> => readFile(join(output, 'model.safetensors'));

describe('a run', () => {
  test.each<[string, NetworkChoice]>([
    ['a ViT', VIT],
    ['a ResNet', RESNET],
  ])('of %s gives the same curve with the same seed and another with another', async (_, network) => {
    const recipe = network.kind === 'vit' ? RECIPE : { ...RECIPE, stochasticDepth: 0 };
    const [first, again, other] = [
      await trained({ network, recipe }),
      await trained({ network, recipe }),
      await trained({ network, recipe: { ...recipe, seed: 1 } }),
    ];
    expect(await curveOf(first)).toEqual(await curveOf(again));
    expect(await weightsOf(first)).toEqual(await weightsOf(again));
    expect(await curveOf(other)).not.toEqual(await curveOf(first));
  });

  test('that was interrupted goes on to the same end', async () => {
    const whole = await trained({ validation: images, validateEvery: 2 });
    const output = newRun();
    for (let interruptions = 0; ; interruptions += 1) {
      const stop = new AbortController();
      let steps = 0;
      const onEvent = ({ kind }: TrainEvent): void => {
        if (kind === 'step' && (steps += 1) === 2) stop.abort(new Error('stopped'));
      };
      const options = { output, resume: true, validation: images, validateEvery: 2, signal: stop.signal, onEvent };
      const outcome = await trained(options).catch((error: Error) => error.message);
      if (outcome !== 'stopped') break;
      expect(interruptions).toBeLessThan(4);
    }
    expect(await curveOf(output)).toEqual(await curveOf(whole));
    expect(await weightsOf(output)).toEqual(await weightsOf(whole));
  });

  test('does not go on with other images, another network or another recipe, nor without being asked', async () => {
    const output = await trained();
    await expect(trained({ output })).rejects.toThrow('expected a folder without a run');
    const recipe = { ...RECIPE, learningRate: 1e-3 };
    await expect(trained({ output, resume: true, recipe })).rejects.toThrow('expected the recipe that the run began');
    await expect(trained({ output, resume: true, network: { ...VIT, depth: 1 } })).rejects.toThrow('the network that');
    await expect(trained({ output, resume: true, share: 0.5 })).rejects.toThrow('the images that');
    await expect(trained({ output, resume: true, interpolation: 'box' })).rejects.toThrow('the preprocessing that');
    await expect(trained({ output, resume: true, teacher: output })).rejects.toThrow('the teacher that');
  });

  test('leaves alone what others have put into its folders', async () => {
    const output = newRun();
    await mkdir(join(output, 'state'), { recursive: true });
    await writeFile(join(output, 'state', 'notes.txt'), 'mine');
    await trained({ output });
    expect((await readdir(join(output, 'state'))).toSorted()).toEqual(['notes.txt', 'step-00000006']);
    await rm(join(output, 'state'), { recursive: true });
    await expect(trained({ output, resume: true })).rejects.toThrow('expected a folder without a model, got one with');
    expect(await readdir(output)).not.toContain('state');
  });

  test('refuses a share of the images that is none', async () => {
    await expect(trained({ share: 0 })).rejects.toThrow('share: expected a number above 0 and at most 1, got 0');
  });

  test('writes a model that classify loads, with its classes, and a report', async () => {
    const output = await trained({ validation: images });
    expect(await readFile(join(output, 'report.html'), 'utf8')).toMatch(/All 6 steps are done.*blue, green, red/s);
    using model = await loadModel(output);
    expect(model.info.classes).toEqual(CLASSES);
    expect(await model.classify(join(images, 'red', '0.png'), { topK: 3 })).toHaveLength(3);
  });

  test('of a ResNet has no stochastic depth, and says so', async () => {
    await expect(trained({ network: RESNET })).rejects.toThrow('stochasticDepth: expected a Vision Transformer');
    const recipe = { ...RECIPE, stochasticDepth: 0 };
    const dropping = { ...recipe, patchDrop: { rate: 0.5, until: 1 } };
    await expect(trained({ network: RESNET, recipe: dropping })).rejects.toThrow(
      'patchDrop: expected a Vision Transformer',
    );
    const mimetic = { ...recipe, initialisation: 'mimetic' as const };
    await expect(trained({ network: RESNET, recipe: mimetic })).rejects.toThrow(
      'mimetic: expected a Vision Transformer',
    );
  });

  test('learns', async () => {
    const recipe = {
      steps: 60,
      batchSize: 12,
      averageDecay: 0.9,
      augmentation: { ...RECIPE.augmentation!, crop: null },
    };
    const output = newRun();
    const network = { ...VIT, dim: 24 };
    const { validation } = await train(images, { output, network, recipe, validation: images });
    expect(validation?.top1).toBe(1);
  });
});

describe('fine-tuning', () => {
  const from = (model: string, more: Partial<CheckpointChoice> = {}): CheckpointChoice => ({
    kind: 'checkpoint',
    model,
    ...more,
  });

  test.each<[string, NetworkChoice]>([
    ['a ViT', VIT],
    ['a ResNet', RESNET],
  ])('%s by its head alone leaves all else as it was', async (_, network) => {
    const first = await trained({ network, recipe: { ...RECIPE, stochasticDepth: 0, averageDecay: 0 } });
    const output = await trained({
      network: from(first),
      recipe: { ...RECIPE, stochasticDepth: 0, freezeTrunk: true, averageDecay: 0 },
    });
    const [before, after] = [await tensorsOf(first), await tensorsOf(output)];
    const changed = [...before].filter(([name, bytes]) => !bytes.equals(after.get(name)!)).map(([name]) => name);
    expect(changed.length).toBeGreaterThan(0);
    for (const name of changed) expect(name).toMatch(/^(?:head|fc)\./);
  });

  test('by its head alone has nothing to do with features that learn', async () => {
    const recipe = { ...RECIPE, freezeTrunk: true };
    await expect(trained({ recipe })).rejects.toThrow('freezeTrunk: expected a recipe without stochasticDepth');
  });

  test('takes other classes, another image size and a smaller rate for lower layers', async () => {
    const first = await trained();
    const others = join(folder, 'others');
    await drawLabelledImages(others, ['cat', 'dog', 'eel', 'fox'], 2);
    const output = newRun();
    const network = from(first, { imageSize: { height: 32, width: 24 } });
    const result = await train(others, { output, network, recipe: { ...RECIPE, layerDecay: 0.5 } });
    expect(result.classes).toEqual(['cat', 'dog', 'eel', 'fox']);
    using model = await loadModel(output);
    expect(model.info.config).toMatchObject({ imageSize: { height: 32, width: 24 }, numClasses: 4 });
    const prepared = model.info.preprocessing;
    using before = await loadModel(first);
    expect(prepared.mean).toEqual(before.info.preprocessing.mean);
  });

  test('refuses a network that cannot be trained', async () => {
    const mobile = new URL('../../golden/cnns/timm-mobilenet-v2', import.meta.url).pathname;
    await expect(trained({ network: from(mobile) })).rejects.toThrow('expected a Vision Transformer or a ResNet');
  });
});

describe('distillation', () => {
  test.each<[string, NonNullable<RecipeOptions['distillation']>, boolean]>([
    ['softly', { kind: 'soft', weight: 0.5, temperature: 3 }, false],
    ['by hard choices with a token of its own', { kind: 'hard', weight: 0.5 }, true],
  ])('from a ResNet to a ViT, %s', async (_, distillation, distilled) => {
    const teacher = await trained({ network: RESNET, recipe: { ...RECIPE, stochasticDepth: 0 } });
    const network = { ...VIT, distilled };
    const plain = await trained({ network });
    const output = await trained({ network, teacher, recipe: { ...RECIPE, distillation } });
    expect(await curveOf(output)).not.toEqual(await curveOf(plain));
    using model = await loadModel(output);
    expect(model.info.config).toMatchObject({ pooling: { kind: distilled ? 'distilled' : 'class-token' } });
  });

  describe('by the feature map of a ResNet', () => {
    const SHORT = { ...RECIPE, stochasticDepth: 0, steps: 2 };
    const recipe = { ...SHORT, guidance: { block: 0, weight: 2 } };
    /** As many patches as the ResNet's last map has places. */
    const network = { ...VIT, patchSize: 2 };
    let teacher = '';
    beforeAll(async () => {
      teacher = await trained({ network: RESNET, recipe: SHORT });
    });

    test('is another curve, and the same model', async () => {
      const [plain, output] = [
        await trained({ network, teacher, recipe: SHORT }),
        await trained({ network, teacher, recipe }),
      ];
      expect(await curveOf(output)).not.toEqual(await curveOf(plain));
      expect([...(await tensorsOf(output)).keys()]).toEqual([...(await tensorsOf(plain)).keys()]);
      await trained({ network, teacher, recipe, output, resume: true });
      await expect(trained({ network, teacher, recipe: SHORT, output, resume: true })).rejects.toThrow(
        'the recipe that',
      );
    });

    test('needs a convolutional teacher with a place for each patch', async () => {
      const vit = await trained({ recipe: SHORT });
      await expect(trained({ network, recipe })).rejects.toThrow('guidance: expected a teacher to learn from');
      await expect(trained({ network, teacher: vit, recipe })).rejects.toThrow('expected a convolutional teacher');
      await expect(trained({ teacher, recipe })).rejects.toThrow('a place for each patch, 2×2; got 8×8');
    });

    test('needs one that sees as much of an image', async () => {
      const centred = await trained({ network: RESNET, recipe: SHORT });
      const path = join(centred, 'config.json');
      const config = JSON.parse(await readFile(path, 'utf8'));
      config.pretrained_cfg.crop_pct = 0.5;
      await writeFile(path, JSON.stringify(config));
      await expect(trained({ network, teacher: centred, recipe })).rejects.toThrow(
        '100 % of its edge; got one that sees 50 %',
      );
    });
  });

  test('goes on with the very same teacher only', async () => {
    const teacher = await trained({ network: RESNET, recipe: { ...RECIPE, stochasticDepth: 0 } });
    const output = await trained({ teacher });
    const other = await trained({ network: RESNET, recipe: { ...RECIPE, stochasticDepth: 0, seed: 2 } });
    await trained({ output, teacher, resume: true });
    await copyFile(join(other, 'model.safetensors'), join(teacher, 'model.safetensors'));
    await expect(trained({ output, teacher, resume: true })).rejects.toThrow('the files of the teacher that');
  });

  test('needs a teacher, and one that knows the classes', async () => {
    const recipe = { ...RECIPE, distillation: { kind: 'hard', weight: 0.5 } as const };
    await expect(trained({ recipe })).rejects.toThrow('expected a teacher to learn from');
    await expect(trained({ teacher: SHAPES_VIT })).rejects.toThrow('got one without blue, green, red');
  });
});

describe('what cannot go on is said, and nothing is lost:', () => {
  async function broken(change: (copy: string) => Promise<void>): Promise<Promise<unknown>> {
    const copy = await mkdtemp(join(folder, 'broken-'));
    await drawLabelledImages(copy, ['cat', 'dog'], 2);
    await change(copy);
    return train(copy, { output: newRun(), network: VIT, recipe: RECIPE });
  }

  test('a corrupt image', async () => {
    const png = await readFile(join(images, 'red', '0.png'));
    const run = broken((copy) => writeFile(join(copy, 'cat', '0.png'), png.subarray(0, 100)));
    await expect(run).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: expect.stringContaining('cat/0.png'),
    });
  });

  test('a class without images', async () => {
    const run = broken(async (copy) => {
      await mkdir(join(copy, 'eel'));
    });
    await expect(run).rejects.toThrow('of the class eel, got none');
  });

  test('a single class', async () => {
    const run = broken((copy) => rm(join(copy, 'cat'), { recursive: true }));
    await expect(run).rejects.toThrow('expected at least two folders');
  });

  test('a loss that is not finite', async () => {
    const output = newRun();
    const recipe = { ...RECIPE, optimizer: { kind: 'sgd', momentum: 0, nesterov: false } as const, clipNorm: null };
    const run = trained({ output, recipe: { ...recipe, learningRate: 1e30, warmupSteps: 0 } });
    await expect(run).rejects.toMatchObject({
      code: 'TRAINING_FAILED',
      message: expect.stringMatching(/^step \d+: expected a finite/),
    });
    // What the last whole step left.
    expect(await readdir(join(output, 'state'))).toHaveLength(1);
    expect((await curveOf(output)).length).toBeGreaterThan(0);
  });

  // A device of Linux on which every write fails as on a full disk.
  test.runIf(process.platform === 'linux')('a full disk', async () => {
    const whole = await trained();
    const output = newRun();
    const log = join(output, 'log.jsonl');
    let steps = 0;
    let kept = '';
    // The log is where the disk is full, from the third step on.
    const onEvent = ({ kind }: TrainEvent): void => {
      if (kind !== 'step' || (steps += 1) !== 3) return;
      kept = readFileSync(log, 'utf8');
      rmSync(log);
      symlinkSync('/dev/full', log);
    };
    const run = trained({ output, onEvent });
    await expect(run).rejects.toMatchObject({
      code: 'TRAINING_FAILED',
      message: expect.stringContaining('got ENOSPC'),
    });
    await rm(log);
    await writeFile(log, kept);
    await trained({ output, resume: true });
    expect(await weightsOf(output)).toEqual(await weightsOf(whole));
  });
});

/** The bytes of each tensor of a safetensors file. */
async function tensorsOf(output: string): Promise<Map<string, Buffer>> {
  const file = await weightsOf(output);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const { __metadata__: _, ...header } = JSON.parse(file.toString('utf8', 8, start)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(header).map(
      ([
        name,
        {
          data_offsets: [from, to],
        },
      ]) => [name, file.subarray(start + from, start + to)],
    ),
  );
}
