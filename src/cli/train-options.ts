import { InvalidArgumentError, Option } from 'commander';

import type {
  CheckpointChoice,
  Interpolation,
  NetworkChoice,
  NetworkName,
  RecipeOptions,
  Size,
  ViTChoice,
} from '../index.ts';
import type { CommonFlags, RunFlags } from './options.ts';
import { choice, numberFrom, positiveInteger, runOptions } from './options.ts';

/** Of the command that trains. */
export interface TrainFlags extends CommonFlags, RunFlags {
  readonly quiet?: true;
  readonly output: string;
  readonly resume?: true;
  readonly validation?: string;
  readonly validateEvery?: number;
  readonly saveEvery: number;
  readonly cache: number;
  readonly from?: string;
  readonly teacher?: string;
  readonly distil?: 'soft' | 'hard';
  readonly distilWeight: number;
  readonly temperature: number;
  readonly guidance?: Guidance;
  readonly distillationToken?: true;
  readonly linearProbe?: true;
  readonly layerDecay?: number;
  readonly arch: keyof typeof ARCHITECTURES | NetworkName | 'resnet';
  readonly patchSize: number;
  readonly dim?: number;
  readonly depth?: number;
  readonly depths: readonly number[];
  readonly widths: readonly number[];
  readonly heads?: number;
  readonly interpolation: Interpolation;
  readonly share?: number;
  readonly validationShare?: number;
  readonly dataFractions?: readonly number[];
  readonly models?: readonly NetworkName[];
  readonly seeds?: number;
  readonly seed?: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly warmupEpochs?: number;
  readonly batchSize?: number;
  readonly accumulate?: number;
  readonly optimizer: keyof typeof OPTIMIZERS;
  readonly learningRate?: number;
  readonly weightDecay?: number;
  readonly clipNorm?: number;
  readonly labelSmoothing?: number;
  readonly average?: number;
  readonly stochasticDepth?: number;
  readonly patchDrop?: PatchDrop;
  readonly init?: 'usual' | 'mimetic';
  readonly crop?: RecipeCrop;
  readonly flip: number;
  readonly randAugment?: RandAugment;
  readonly erasing: number;
  readonly mixup: number;
  readonly cutmix: number;
}

type Augmentation = NonNullable<RecipeOptions['augmentation']>;
type RecipeCrop = Augmentation['crop'];
type RandAugment = Augmentation['randAugment'];
type PatchDrop = NonNullable<RecipeOptions['patchDrop']>;
type Guidance = NonNullable<RecipeOptions['guidance']>;

const ARCHITECTURES = {
  'vit-tiny': 'Ti',
  'vit-small': 'S',
  'vit-base': 'B',
  'vit-large': 'L',
} as const satisfies Record<string, ViTChoice['size']>;

/** For images of 32 pixels. */
const NAMED: Record<NetworkName, true> = { 'vit-4-64': true, 'resnet-8': true, 'vit-6-128': true, 'resnet-20': true };

const ADAMW = { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

const OPTIMIZERS = {
  adamw: ADAMW,
  sgd: { kind: 'sgd', momentum: 0.9, nesterov: true },
  muon: { kind: 'muon', momentum: 0.95, others: ADAMW },
} as const satisfies Record<string, RecipeOptions['optimizer']>;

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
    new Option('--from <model>', 'go on from a trained model, with a new head for other classes').conflicts('arch'),
    new Option('--patch-size <pixels>', 'side of a patch').argParser(positiveInteger).default(16),
    new Option('--dim <n>', 'width of a token').argParser(positiveInteger),
    new Option('--depth <n>', 'encoder blocks').argParser(positiveInteger),
    new Option('--heads <n>', 'attention heads').argParser(positiveInteger),
    new Option('--depths <n,…>', 'of a ResNet for small images: blocks of each stage')
      .argParser(list)
      .default([3, 3, 3], '3,3,3'),
    new Option('--widths <n,…>', 'and channels of each').argParser(list).default([16, 32, 64], '16,32,64'),
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
    new Option('--distil <kind>', "how: hard, the teacher's choice, or soft, its probabilities")
      .choices(['hard', 'soft'])
      .default('hard'),
    new Option('--distil-weight <x>', "of the teacher's part of the loss").argParser(numberFrom(0, 1)).default(0.5),
    new Option('--temperature <x>', 'of soft probabilities').argParser(numberFrom(0)).default(3),
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

export function networkOf(
  flags: TrainFlags,
  named: Readonly<Record<NetworkName, NetworkChoice>>,
): NetworkChoice | CheckpointChoice {
  const { arch, patchSize, dim, depth, heads, imageSize, depths, widths, distillationToken: distilled } = flags;
  const size: Size | undefined = typeof imageSize === 'number' ? { height: imageSize, width: imageSize } : imageSize;
  if (flags.from !== undefined) return { kind: 'checkpoint', model: flags.from, imageSize: size };
  if (isNamed(arch)) return { ...named[arch], ...(size && { imageSize: size }) };
  if (arch === 'resnet') return { kind: 'resnet', imageSize: size, depths, widths };
  return { kind: 'vit', size: ARCHITECTURES[arch], patchSize, imageSize: size, dim, depth, numHeads: heads, distilled };
}

function isNamed(arch: string): arch is NetworkName {
  return arch in NAMED;
}

const USUAL_CROP = { kind: 'resized', minArea: 0.35 } as const;

export function recipeOf(flags: TrainFlags): RecipeOptions {
  const { seed, epochs, steps, warmupEpochs, batchSize, accumulate, learningRate, weightDecay } = flags;
  const { clipNorm, labelSmoothing, stochasticDepth, crop: asked = USUAL_CROP, flip, erasing, mixup, cutmix } = flags;
  return {
    seed,
    // What is fastest is not accurate enough everywhere: a run in less than float32 is asked for.
    precision: flags.precision === 'auto' ? 'f32' : flags.precision,
    epochs,
    steps,
    warmupEpochs,
    batchSize,
    accumulate,
    learningRate,
    weightDecay,
    clipNorm,
    labelSmoothing,
    stochasticDepth,
    patchDrop: flags.patchDrop,
    initialisation: flags.init,
    averageDecay: flags.average,
    layerDecay: flags.layerDecay,
    freezeTrunk: flags.linearProbe,
    distillation: distillationOf(flags),
    guidance: flags.guidance,
    optimizer: OPTIMIZERS[flags.optimizer],
    augmentation: { crop: asked, flip, randAugment: flags.randAugment ?? null, erasing },
    mixing: { mixup, cutmix },
  };
}

function distillationOf({ teacher, distil, distilWeight: weight, temperature }: TrainFlags) {
  if (teacher === undefined) return undefined;
  return distil === 'soft' ? ({ kind: 'soft', weight, temperature } as const) : ({ kind: 'hard', weight } as const);
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
