import { Command, InvalidArgumentError, Option } from 'commander';

import type { Interpolation, NetworkChoice, RecipeOptions, Size, TrainEvent, ViTChoice } from '../../index.ts';
import type { CommonFlags, RunFlags } from '../options.ts';
import { choice, numberFrom, positiveInteger, runOptions } from '../options.ts';
import { isTerminal } from '../output/colours.ts';
import { note } from '../output/notes.ts';
import { printableJson } from '../output/printable.ts';
import type { TrainingLine } from '../output/training-line.ts';
import { trainingLine } from '../output/training-line.ts';
import { streamSink } from '../output/sink.ts';
import type { CommandContext, Io } from '../patchlens.ts';

interface TrainFlags extends CommonFlags, RunFlags {
  readonly quiet?: true;
  readonly output: string;
  readonly resume?: true;
  readonly validation?: string;
  readonly validateEvery?: number;
  readonly saveEvery: number;
  readonly cache: number;
  readonly arch: keyof typeof ARCHITECTURES | 'resnet';
  readonly patchSize: number;
  readonly dim?: number;
  readonly depth?: number;
  readonly depths: readonly number[];
  readonly widths: readonly number[];
  readonly heads?: number;
  readonly interpolation: Interpolation;
  readonly share?: number;
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

const ARCHITECTURES = {
  'vit-tiny': 'Ti',
  'vit-small': 'S',
  'vit-base': 'B',
  'vit-large': 'L',
} as const satisfies Record<string, ViTChoice['size']>;

const ADAMW = { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

const OPTIMIZERS = {
  adamw: ADAMW,
  sgd: { kind: 'sgd', momentum: 0.9, nesterov: true },
  muon: { kind: 'muon', momentum: 0.95, others: ADAMW },
} as const satisfies Record<string, RecipeOptions['optimizer']>;

const INTERPOLATIONS: Record<Interpolation, true> = { bilinear: true, bicubic: true, lanczos: true, box: true };

export function trainCommand(context: CommandContext): Command {
  const command = new Command('train')
    .summary('train a network on a folder of images')
    .description('Train a network on labelled images, <folder>/<class>/*, and write it as a model folder.')
    .argument('<folder>', 'a folder with a folder of images for each class')
    .addHelpText('after', HELP);
  const options = [...outputOptions(), ...networkOptions(), ...recipeOptions(), ...augmentationOptions()];
  for (const option of options) command.addOption(option);
  return command.action((folder: string) => trainOn(context, folder, command.optsWithGlobals<TrainFlags>()));
}

const SAVE_SECONDS = 300;
const CACHE_MIB = 1024;

function outputOptions(): Option[] {
  return [
    new Option('--output <folder>', 'where the model, the log and the state of the run go').makeOptionMandatory(),
    new Option('--resume', 'go on with the run in that folder, or begin it'),
    new Option('--validation <folder>', 'labelled images to try the model on'),
    new Option('--validate-every <steps>', 'how often (default: at the end)').argParser(positiveInteger),
    new Option('--save-every <seconds>', 'how often the state is saved').argParser(numberFrom(0)).default(SAVE_SECONDS),
    new Option('--cache <MiB>', 'memory for decoded images').argParser(numberFrom(0)).default(CACHE_MIB),
  ].map((option) => option.helpGroup('Run:'));
}

function networkOptions(): Option[] {
  return [
    choice('--arch <name>', 'size to begin with', [...Object.keys(ARCHITECTURES), 'resnet'], 'vit-tiny'),
    new Option('--patch-size <pixels>', 'side of a patch').argParser(positiveInteger).default(16),
    new Option('--dim <n>', 'width of a token').argParser(positiveInteger),
    new Option('--depth <n>', 'encoder blocks').argParser(positiveInteger),
    new Option('--heads <n>', 'attention heads').argParser(positiveInteger),
    new Option('--depths <n,…>', 'of a ResNet for small images: blocks of each stage')
      .argParser(list)
      .default([3, 3, 3], '3,3,3'),
    new Option('--widths <n,…>', 'and channels of each').argParser(list).default([16, 32, 64], '16,32,64'),
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
  ].map((option) => option.helpGroup('Recipe:'));
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

async function trainOn({ api, io }: CommandContext, folder: string, flags: TrainFlags): Promise<void> {
  const { train } = await api();
  const { output, resume, validation, validateEvery, saveEvery, cache, interpolation, backend, threads, share } = flags;
  const line = trainingLine(io, isTerminal(io.stderr) && !flags.quiet);
  try {
    const result = await train(folder, {
      output,
      resume,
      validation,
      validateEvery,
      saveEvery,
      interpolation,
      backend,
      threads,
      share,
      cacheBytes: cache * 2 ** 20,
      network: networkOf(flags),
      recipe: recipeOf(flags),
      signal: io.signal,
      onEvent: (event) => {
        line.show(event);
        if (!flags.quiet) tell(io, event, line);
      },
    });
    line.clear();
    await streamSink(io.stdout).write(`${printableJson(result)}\n`);
  } finally {
    line.clear();
  }
}

/** What is worth a line that stays. */
function tell(io: Io, event: TrainEvent, line: TrainingLine): void {
  if (event.kind === 'resumed') note(io, `going on after step ${event.step}`);
  if (event.kind !== 'examined') return;
  line.clear();
  const { top1, loss, images } = event.examination;
  note(io, `step ${event.step}: ${(100 * top1).toFixed(2)} % of ${images} validation images, loss ${loss.toFixed(4)}`);
}

function networkOf(flags: TrainFlags): NetworkChoice {
  const { arch, patchSize, dim, depth, heads, imageSize, depths, widths } = flags;
  const size: Size | undefined = typeof imageSize === 'number' ? { height: imageSize, width: imageSize } : imageSize;
  if (arch === 'resnet') return { kind: 'resnet', imageSize: size, depths, widths };
  return { kind: 'vit', size: ARCHITECTURES[arch], patchSize, imageSize: size, dim, depth, numHeads: heads };
}

const USUAL_CROP = { kind: 'resized', minArea: 0.35 } as const;

function recipeOf(flags: TrainFlags): RecipeOptions {
  const { seed, epochs, steps, warmupEpochs, batchSize, accumulate, learningRate, weightDecay } = flags;
  const { clipNorm, labelSmoothing, stochasticDepth, crop: asked = USUAL_CROP, flip, erasing, mixup, cutmix } = flags;
  return {
    seed,
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
    averageDecay: flags.average,
    optimizer: OPTIMIZERS[flags.optimizer],
    augmentation: { crop: asked, flip, randAugment: flags.randAugment ?? null, erasing },
    mixing: { mixup, cutmix },
  };
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

const HELP = `
The folder of the run gets config.json and model.safetensors, which classify and
timm load, log.jsonl with a line for each step, and the newest state of the run.
A run that was interrupted or killed goes on with --resume and the same options,
to the same end.

Examples:
  patchlens train photos --output run --epochs 30 --image-size 128
  patchlens train photos --output run --epochs 30 --image-size 128 --resume
  patchlens train cifar10/train --validation cifar10/test --output run \\
    --image-size 32 --patch-size 4 --depth 6 --crop padded:4 --rand-augment 2,9

Exit codes:
  0    done
  1    an image could not be used, or the run could not go on
  2    usage
  4    problem with the backend
  130  interrupted: the state was saved`;
