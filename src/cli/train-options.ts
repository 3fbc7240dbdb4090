import { InvalidArgumentError, Option } from 'commander';

import type { Interpolation } from '../index.ts';
import { choice, numberFrom, positiveInteger, runOptions } from './options.ts';
import { ARCHITECTURES, NAMED, OPTIMIZERS, PARTS } from './train-flags.ts';
import type { Guidance, PatchDrop, RandAugment, RecipeCrop } from './train-flags.ts';

const INITIALISATIONS = ['usual', 'mimetic'] as const;

const INTERPOLATIONS: Record<Interpolation, true> = { bilinear: true, bicubic: true, lanczos: true, box: true };

/** Fresh options of a training run or a study. */
export function trainOptions(): Option[] {
  return [...outputOptions(), ...networkOptions(), ...recipeOptions(), ...augmentationOptions(), ...studyOptions()];
}

const SAVE_SECONDS = 300;
const CACHE_MIB = 1024;

function outputOptions(): Option[] {
  return [
    new Option('--output <folder>', 'where the model, the log and the state of the run go').makeOptionMandatory(),
    new Option('--resume', 'go on with the run in that folder, or begin it'),
    new Option('--validation <folder>', 'labelled images to try the model on'),
    new Option('--validation-share <x>', 'try it on a part of each class (default: 1, all of it)').argParser(
      numberFrom(0, 1),
    ),
    new Option('--validate-every <steps>', 'how often (default: at the end)').argParser(positiveInteger),
    new Option('--save-every <seconds>', 'how often the state is saved').argParser(numberFrom(0)).default(SAVE_SECONDS),
    new Option('--cache <MiB>', 'memory for decoded images').argParser(numberFrom(0)).default(CACHE_MIB),
  ].map((option) => option.helpGroup('Run:'));
}

function networkOptions(): Option[] {
  return [
    choice(
      '--arch <name>',
      'size to begin with',
      [...Object.keys(ARCHITECTURES), 'resnet', ...Object.keys(NAMED)],
      'vit-tiny',
    ),
    new Option('--from <model>', 'go on from a trained model, with a new head for other classes').conflicts([
      'arch',
      'interpolation',
      'init',
      ...PARTS,
    ]),
    new Option('--patch-size <pixels>', 'side of a patch (default: 16)').argParser(positiveInteger),
    new Option('--dim <n>', 'width of a token').argParser(positiveInteger),
    new Option('--depth <n>', 'encoder blocks').argParser(positiveInteger),
    new Option('--heads <n>', 'attention heads').argParser(positiveInteger),
    new Option('--depths <n,…>', 'of a ResNet for small images: blocks of each stage (default: 3,3,3)').argParser(list),
    new Option('--widths <n,…>', 'and channels of each (default: 16,32,64)').argParser(list),
    new Option('--strides <n,…>', 'and by how much each shrinks its features (default: 1,2,2)').argParser(list),
    new Option('--downsample <how>', 'how: by strided convolutions, or by pooling (default: stride)').choices([
      'stride',
      'max-pool',
    ]),
    new Option('--distillation-token', "a second token of a ViT, that learns from a teacher: DeiT's"),
    choice('--interpolation <name>', 'how images are resized', Object.keys(INTERPOLATIONS), 'bicubic'),
    ...runOptions(),
  ].map((option) => option.helpGroup('Network:'));
}

function recipeOptions(): Option[] {
  return [
    new Option('--seed <n>', 'of everything random').argParser(numberFrom(0)),
    new Option('--epochs <n>', 'rounds over the images (default: 100)').argParser(numberFrom(0)),
    new Option('--steps <n>', 'optimiser steps, in place of epochs').argParser(positiveInteger),
    new Option('--warmup-epochs <n>', 'of rising learning rate (default: a twentieth of the run)').argParser(
      numberFrom(0),
    ),
    new Option('--batch-size <n>', 'images of one pass (default: 64)').argParser(positiveInteger),
    new Option('--accumulate <n>', 'passes of one step (default: 1)').argParser(positiveInteger),
    choice('--optimizer <name>', 'what changes the parameters', Object.keys(OPTIMIZERS), 'adamw'),
    new Option('--learning-rate <x>', 'the highest (default: 0.001)').argParser(numberFrom(0)),
    new Option('--weight-decay <x>', 'of matrices (default: 0.05)').argParser(numberFrom(0)),
    new Option('--clip-norm <x>', 'largest norm of the gradients (default: 1)').argParser(numberFrom(0)),
    new Option('--label-smoothing <x>', 'default: 0.1').argParser(numberFrom(0, 1)),
    new Option(
      '--average <decay>',
      'of the average of the parameters that becomes the model (default: 0.999)',
    ).argParser(numberFrom(0, 1)),
    new Option('--stochastic-depth <p>', 'residual branches left out (default: 0)').argParser(numberFrom(0, 1)),
    new Option(
      '--patch-drop <share[:until]>',
      'patches that an image leaves out, up to that part of the run',
    ).argParser(patchDrop),
    choice(
      '--init <kind>',
      "what a ViT begins as: mimetic, with a trained one's kind of attention",
      INITIALISATIONS,
      'usual',
    ),
    new Option('--layer-decay <x>', "a layer's learning rate by that of the next one (default: 1)").argParser(
      numberFrom(0, 1),
    ),
    new Option('--linear-probe', 'train the head alone'),
    new Option('--teacher <model>', 'a model of the same classes to learn from'),
    new Option(
      '--distil <kind>',
      "how: hard, the teacher's choice, or soft, its probabilities (default: hard)",
    ).choices(['hard', 'soft']),
    new Option('--distil-weight <x>', "of the teacher's part of the loss (default: 0.5)").argParser(numberFrom(0, 1)),
    new Option('--temperature <x>', 'of soft probabilities (default: 3)').argParser(numberFrom(0)),
    new Option(
      '--guidance <block[:weight]>',
      "after this block a ViT's patches learn from the feature map of a convolutional teacher",
    ).argParser(guidance),
  ].map((option) => option.helpGroup('Recipe:'));
}

function studyOptions(): Option[] {
  return [
    new Option('--data-fractions <x,…>', 'train --models on each of these parts of the images').argParser((value) =>
      value.split(',').map(numberFrom(0, 1)),
    ),
    new Option('--models <name...>', `which: ${Object.keys(NAMED).join(', ')}`).choices(Object.keys(NAMED)),
    new Option('--seeds <n>', 'how often each (default: 3)').argParser(positiveInteger),
  ].map((option) => option.helpGroup('Study of the effect of more data:'));
}

function augmentationOptions(): Option[] {
  return [
    new Option(
      '--crop <kind>',
      'none, padded:<pixels> or resized:<least share of the area> (default: resized:0.35)',
    ).argParser(crop),
    new Option('--share <x>', 'train on a part of each class (default: 1, all of it)').argParser(numberFrom(0, 1)),
    new Option('--flip <p>', 'mirror images').argParser(numberFrom(0, 1)).default(0.5),
    new Option('--rand-augment <n,magnitude>', 'random changes of colour and place: 2,9').argParser(randAugment),
    new Option('--erasing <p>', 'random rectangles of noise').argParser(numberFrom(0, 1)).default(0),
    new Option('--mixup <alpha>', 'add pairs of images').argParser(numberFrom(0)).default(0),
    new Option('--cutmix <alpha>', 'put pieces of images into others').argParser(numberFrom(0)).default(0),
  ].map((option) => option.helpGroup('Augmentation:'));
}

function list(value: string): number[] {
  return value.split(',').map((part) => positiveInteger(part));
}

function crop(value: string): RecipeCrop {
  if (value === 'none') return null;
  const [, kind, amount] = /^(padded|resized):([\d.]+)$/.exec(value) ?? [];
  if (kind === 'padded') return { kind, pixels: positiveInteger(amount ?? '') };
  if (kind === 'resized') return { kind, minArea: numberFrom(0, 1)(amount ?? '') };
  throw new InvalidArgumentError('Expected none, padded:<pixels> or resized:<share>.');
}

function randAugment(value: string): RandAugment {
  const [, operations, magnitude] = /^(\d+),([\d.]+)$/.exec(value) ?? [];
  if (operations === undefined) throw new InvalidArgumentError('Expected <operations>,<magnitude>, as 2,9.');
  return { operations: positiveInteger(operations), magnitude: numberFrom(0, 10)(magnitude ?? '') };
}

function patchDrop(value: string): PatchDrop {
  const [, rate, until = '1'] = /^([\d.]+)(?::([\d.]+))?$/.exec(value) ?? [];
  if (rate === undefined) throw new InvalidArgumentError('Expected <share> or <share>:<part of the run>, as 0.5:0.8.');
  return { rate: numberFrom(0, 1)(rate), until: numberFrom(0, 1)(until) };
}

function guidance(value: string): Guidance {
  const [, block, weight = '1'] = /^(\d+)(?::([\d.]+))?$/.exec(value) ?? [];
  if (block === undefined) throw new InvalidArgumentError('Expected <block> or <block>:<weight>, as 3:2.5.');
  return { block: Number(block), weight: numberFrom(0)(weight) };
}
