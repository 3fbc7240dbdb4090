import type { Interpolation, NetworkName, RecipeOptions, ViTChoice } from '../index.ts';
import type { CommonFlags, RunFlags } from './options.ts';

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
  readonly distilWeight?: number;
  readonly temperature?: number;
  readonly guidance?: Guidance;
  readonly distillationToken?: true;
  readonly linearProbe?: true;
  readonly layerDecay?: number;
  readonly arch: keyof typeof ARCHITECTURES | NetworkName | 'resnet';
  readonly patchSize?: number;
  readonly dim?: number;
  readonly depth?: number;
  readonly depths?: readonly number[];
  readonly widths?: readonly number[];
  readonly strides?: readonly number[];
  readonly downsample?: 'stride' | 'max-pool';
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
export type RecipeCrop = Augmentation['crop'];
export type RandAugment = Augmentation['randAugment'];
export type PatchDrop = NonNullable<RecipeOptions['patchDrop']>;
export type Guidance = NonNullable<RecipeOptions['guidance']>;

export const ARCHITECTURES = {
  'vit-tiny': 'Ti',
  'vit-small': 'S',
  'vit-base': 'B',
  'vit-large': 'L',
} as const satisfies Record<string, ViTChoice['size']>;

/** For images of 32 pixels. */
export const NAMED: Record<NetworkName, true> = {
  'vit-4-64': true,
  'resnet-8': true,
  'vit-6-128': true,
  'resnet-20': true,
};

const ADAMW = { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

export const OPTIMIZERS = {
  adamw: ADAMW,
  sgd: { kind: 'sgd', momentum: 0.9, nesterov: true },
  muon: { kind: 'muon', momentum: 0.95, others: ADAMW },
} as const satisfies Record<string, RecipeOptions['optimizer']>;

/** Flags that are about the parts of a network from nothing; each architecture has some of them. */
export const PARTS = [
  'patchSize',
  'dim',
  'depth',
  'heads',
  'distillationToken',
  'depths',
  'widths',
  'strides',
  'downsample',
] as const;
