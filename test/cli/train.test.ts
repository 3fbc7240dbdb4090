import { describe, expect, it } from 'vitest';

import type { StudyOptions, TrainOptions } from '../../src/index.ts';
import { patchlens } from './harness.ts';

const RESULT = { steps: 1, classes: ['cat', 'dog'], validation: { images: 9, top1: 0.5, loss: 1 } };

/** Runs `train photos --output run …` and gives what the library is asked for. */
async function askedOf(argv: readonly string[]) {
  let asked: TrainOptions | undefined;
  const outcome = await patchlens(['train', 'photos', '--output', 'run', ...argv], {
    api: {
      train: async (_folder, options) => {
        asked = options;
        options.onEvent?.({ kind: 'resumed', step: 3 });
        options.onEvent?.({ kind: 'examined', step: 5, examination: RESULT.validation });
        return { output: options.output, ...RESULT };
      },
    },
  });
  return { ...outcome, asked };
}

describe('patchlens train', () => {
  it('prints the result on stdout, and on stderr where it went on and how the trials were', async () => {
    const { code, stdout, stderr } = await askedOf([]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ output: 'run', ...RESULT });
    expect(stderr).toBe(
      'patchlens: going on after step 3\npatchlens: step 5: 50.00 % of 9 validation images, loss 1.0000\n',
    );
    expect((await askedOf(['--quiet'])).stderr).toBe('');
  });

  it('trains a published size, a ResNet, a named network or a checkpoint', async () => {
    const networkOf = async (...argv: string[]) => (await askedOf(argv)).asked?.network;
    expect(await networkOf()).toEqual({ kind: 'vit', size: 'Ti' });
    expect(await networkOf('--arch', 'vit-4-64', '--distillation-token')).toMatchObject({ dim: 64, distilled: true });
    expect(await networkOf('--arch', 'resnet', '--depths', '2,2')).toMatchObject({ kind: 'resnet', depths: [2, 2] });
    const pooled = ['--strides', '2,2,2', '--downsample', 'max-pool'];
    expect(await networkOf('--arch', 'resnet', ...pooled)).toMatchObject({
      strides: [2, 2, 2],
      downsample: 'max-pool',
    });
    expect(await networkOf('--arch', 'vit-4-64', '--image-size', '48')).toMatchObject({
      patchSize: 4,
      imageSize: { height: 48, width: 48 },
    });
    expect(await networkOf('--from', 'm', '--image-size', '64x48')).toEqual({
      kind: 'checkpoint',
      model: 'm',
      imageSize: { height: 64, width: 48 },
    });
  });

  it('hands the recipe on', async () => {
    const argv = [
      '--layer-decay',
      '0.75',
      '--linear-probe',
      '--teacher',
      't',
      '--distil',
      'soft',
      '--guidance',
      '3:2.5',
      '--crop',
      'padded:4',
      '--precision',
      'bf16',
    ];
    const { asked } = await askedOf([...argv, '--optimizer', 'sgd', '--rand-augment', '2,9']);
    expect(asked).toMatchObject({
      teacher: 't',
      recipe: {
        precision: 'bf16',
        layerDecay: 0.75,
        freezeTrunk: true,
        distillation: { kind: 'soft', weight: 0.5, temperature: 3 },
        guidance: { block: 3, weight: 2.5 },
        optimizer: { kind: 'sgd' },
        augmentation: { crop: { kind: 'padded', pixels: 4 }, randAugment: { operations: 2, magnitude: 9 } },
      },
    });
  });

  it.each([
    [['--from', 'm', '--arch', 'resnet'], 'cannot be used with'],
    [['--arch', 'resnet-9'], 'Did you mean resnet-8?'],
    [['--crop', 'padded'], 'Expected none, padded:<pixels>'],
    [['--guidance', 'last'], 'Expected <block> or <block>:<weight>'],
    [['--from', 'm', '--depth', '3'], 'cannot be used with'],
    [['--teacher', 't', '--temperature', '2'], '--temperature: expected --distil soft beside it'],
    [['--downsample', 'max-pool'], '--downsample: expected another --arch than vit-tiny'],
    [['--arch', 'resnet', '--downsample', 'blur'], 'Allowed choices are stride, max-pool'],
    [['--depths', '2,2'], '--depths: expected another --arch than vit-tiny'],
    [['--arch', 'resnet', '--patch-size', '8'], '--patch-size: expected another --arch than resnet'],
    [['--arch', 'vit-4-64', '--dim', '96'], '--dim: expected another --arch than vit-4-64'],
    [
      ['--data-fractions', '0.5', '--models', 'resnet-8', '--validation', 'v', '--steps', '9', '--teacher', 't'],
      'expected no --teacher',
    ],
    [['--data-fractions', '0.5'], 'expected --models, --validation and --steps beside it'],
  ])('refuses %s', async (argv, message) => {
    const { code, stderr, asked } = await askedOf(argv);
    expect({ code, asked }).toEqual({ code: 2, asked: undefined });
    expect(stderr).toContain(message);
  });

  it('studies the effect of more data', async () => {
    let asked: StudyOptions | undefined;
    const study = { classes: ['cat', 'dog'], models: [] };
    const argv = ['--validation', 'v', '--steps', '9', '--data-fractions', '0.1,1', '--models', 'resnet-8', 'vit-4-64'];
    const { code, stdout, stderr } = await patchlens(['train', 'photos', '--output', 'run', ...argv, '--seeds', '2'], {
      api: {
        dataStudy: async (_folder, options) => {
          asked = options;
          options.onEvent?.({ kind: 'done', cell: { model: 'resnet-8', share: 0.1, seed: 1 }, top1: 0.25 });
          return { ...study, validationImages: 9, recipe: asked.recipe as never };
        },
      },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'patchlens: resnet-8, 0.1 of the images, seed 1: 25.00 %\n' });
    expect(asked).toMatchObject({ models: ['resnet-8', 'vit-4-64'], shares: [0.1, 1], seeds: 2, recipe: { steps: 9 } });
    expect(JSON.parse(stdout)).toMatchObject(study);
  });
});
