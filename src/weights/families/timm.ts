import * as z from 'zod';

import { ConfigError, WeightsError } from '../../errors.ts';
import type { Pooling, ViTConfig } from '../architecture.ts';
import { patchKernel, rows, transpose, unchanged } from '../arrays.ts';
import type { NamedArray, NamedArrays } from '../arrays.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { Description, Family, Source } from '../family.ts';
import { INTERPOLATIONS } from '../preprocessing.ts';
import type { Preprocessing, Size } from '../preprocessing.ts';

/** ViT as pytorch-image-models publishes it: fused qkv, `config.json` with `pretrained_cfg`. */
export const timm: Family = {
  name: 'timm ViT',
  matches: (names) => names.has('patch_embed.proj.weight') && names.has('blocks.0.attn.qkv.weight'),
  describe(checkpoint) {
    const published = parseConfig(checkpoint);
    const config = configOf(checkpoint, published);
    return {
      architecture: published.architecture,
      config,
      labels: labelsOf(published, config.numClasses, checkpoint.where),
      preprocessingAt: (imageSize) => preprocessingOf(published.pretrained_cfg, imageSize),
      sourceOf: (parameter) => sourceOf(parameter, config),
      unused: [],
    } satisfies Description;
  },
};

const MAX_SIDE = 8192;
const MAX_HEADS = 256;
const Side = z.int().min(1).max(MAX_SIDE);
const Triple = z.tuple([z.number(), z.number(), z.number()]);

const PretrainedConfig = z.object({
  input_size: z.tuple([z.int().min(1), Side, Side]).default([3, 224, 224]),
  // timm's own defaults where a configuration is silent (timm.data.constants).
  crop_pct: z.number().positive().max(1).default(0.875),
  crop_mode: z.enum(['center', 'squash', 'border']).default('center'),
  interpolation: z.enum(INTERPOLATIONS).default('bicubic'),
  mean: Triple.default([0.485, 0.456, 0.406]),
  std: Triple.refine((std) => std.every((s) => s > 0), 'expected positive deviations').default([0.229, 0.224, 0.225]),
});
type PretrainedConfig = z.infer<typeof PretrainedConfig>;

const TimmConfig = z.object({
  architecture: z.string(),
  global_pool: z.enum(['token', 'avg', '']).default('token'),
  model_args: z
    .object({
      img_size: z.union([Side, z.tuple([Side, Side])]).optional(),
      num_heads: z.int().min(1).max(MAX_HEADS).optional(),
    })
    .default({}),
  pretrained_cfg: PretrainedConfig,
  label_names: z.array(z.string()).optional(),
  label_descriptions: z.record(z.string(), z.string()).optional(),
});
type TimmConfig = z.infer<typeof TimmConfig>;

function parseConfig({ where, config }: Checkpoint): TimmConfig {
  if (config === undefined) {
    throw new ConfigError(
      `${where}: expected a config.json beside the weights: it holds the preprocessing and the labels`,
    );
  }
  const parsed = TimmConfig.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${where}: config.json: expected a timm configuration: ${z.prettifyError(parsed.error)}`);
}

function configOf({ where, arrays }: Checkpoint, published: TimmConfig): ViTConfig {
  const [dim = 0, numChannels = 0, patchSize = 0] = shapeOf(arrays, 'patch_embed.proj.weight', 4, where);
  const [mlpDim = 0] = shapeOf(arrays, 'blocks.0.mlp.fc1.weight', 2, where);
  const [numClasses = 0] = shapeOf(arrays, 'head.weight', 2, where);
  return {
    imageSize: imageSizeOf(published),
    patchSize,
    numChannels,
    dim,
    depth: depthOf(arrays),
    numHeads: published.model_args.num_heads ?? numHeadsOf(published.architecture, dim, where),
    mlpDim,
    numClasses,
    activation: 'gelu',
    epsilon: 1e-6,
    qkvBias: arrays.has('blocks.0.attn.qkv.bias'),
    classToken: arrays.has('cls_token'),
    positions: arrays.has('pos_embed') ? { kind: 'learned', resample: 'bicubic-antialias' } : { kind: 'none' },
    pooling: poolingOf(published, arrays),
  };
}

function shapeOf(arrays: NamedArrays, name: string, rank: number, where: string): readonly number[] {
  const array = arrays.get(name);
  if (array?.shape.length === rank) return array.shape;
  const got = array === undefined ? 'none' : `[${array.shape.join(', ')}]`;
  throw new WeightsError(`${where}: ${name}: expected a tensor with ${rank} axes, got ${got}`);
}

function imageSizeOf({ model_args, pretrained_cfg }: TimmConfig): Size {
  const { img_size } = model_args;
  if (img_size === undefined) return { height: pretrained_cfg.input_size[1], width: pretrained_cfg.input_size[2] };
  return typeof img_size === 'number'
    ? { height: img_size, width: img_size }
    : { height: img_size[0], width: img_size[1] };
}

function depthOf(arrays: NamedArrays): number {
  let depth = 0;
  while (arrays.has(`blocks.${depth}.attn.qkv.weight`)) depth += 1;
  return depth;
}

/** Heads of timm's named sizes; a fused qkv does not show them. */
const HEADS_BY_SIZE: Readonly<Record<string, number>> = { tiny: 3, small: 6, base: 12, large: 16, huge: 16 };

function numHeadsOf(architecture: string, dim: number, where: string): number {
  const size = /^(?:vit|deit3?)_([a-z]+)_/.exec(architecture)?.[1] ?? '';
  const heads = HEADS_BY_SIZE[size];
  if (heads !== undefined && dim % heads === 0) return heads;
  throw new ConfigError(
    `${where}: config.json: expected model_args.num_heads, as «${architecture}» does not say how many heads share ${dim} columns`,
  );
}

function poolingOf({ global_pool }: TimmConfig, arrays: NamedArrays): Pooling {
  if (global_pool === 'avg') return { kind: 'mean', norm: arrays.has('fc_norm.weight') ? 'after' : 'before' };
  return { kind: 'class-token' };
}

function labelsOf(published: TimmConfig, numClasses: number, where: string): string[] | undefined {
  const { label_names, label_descriptions = {} } = published;
  if (label_names === undefined) return undefined;
  if (label_names.length !== numClasses) {
    throw new ConfigError(
      `${where}: config.json: label_names: expected ${numClasses} names, got ${label_names.length}`,
    );
  }
  return label_names.map((name) =>
    Object.hasOwn(label_descriptions, name) ? (label_descriptions[name] ?? name) : name,
  );
}

/** timm.data.create_transform for evaluation. */
function preprocessingOf(published: PretrainedConfig, imageSize: Size): Preprocessing {
  const { crop_pct, crop_mode, mean, std } = published;
  const size = { height: Math.floor(imageSize.height / crop_pct), width: Math.floor(imageSize.width / crop_pct) };
  const resize = resizeOf(crop_mode, size);
  // timm's transform for sides that differ takes bilinear whatever the configuration says (timm 1.0.29).
  const interpolation = resize.kind === 'cover' ? 'bilinear' : published.interpolation;
  return { imageSize, resize, interpolation, cropRounding: 'half-even', mean, std };
}

function resizeOf(mode: PretrainedConfig['crop_mode'], size: Size): Preprocessing['resize'] {
  switch (mode) {
    case 'center':
      return size.height === size.width ? { kind: 'shorter-edge', size: size.height } : { kind: 'cover', size };
    case 'squash':
      return { kind: 'squash', size };
    case 'border':
      return { kind: 'border', size };
  }
}

/** Parameters outside the blocks; torch keeps a linear weight as [out, in]. */
const TOP_LEVEL: Readonly<Record<string, Source>> = {
  'patchEmbedding.kernel': { name: 'patch_embed.proj.weight', convert: patchKernel },
  'patchEmbedding.bias': { name: 'patch_embed.proj.bias', convert: unchanged },
  classToken: { name: 'cls_token', convert: unchanged },
  positions: { name: 'pos_embed', convert: unchanged },
  'head.kernel': { name: 'head.weight', convert: transpose },
  'head.bias': { name: 'head.bias', convert: unchanged },
};

const IN_BLOCK: Readonly<Record<string, string>> = {
  norm1: 'norm1',
  norm2: 'norm2',
  'attention.output': 'attn.proj',
  'mlp.hidden': 'mlp.fc1',
  'mlp.output': 'mlp.fc2',
};

const QKV_ORDER = ['query', 'key', 'value'];

function sourceOf(parameter: string, { pooling }: ViTConfig): Source {
  const top = TOP_LEVEL[parameter];
  if (top !== undefined) return top;
  const [, block = '', layer = '', leaf = ''] = /^(?:(blocks\.\d+)\.)?(.+)\.(\w+)$/.exec(parameter) ?? [];
  const suffix = leaf === 'bias' ? 'bias' : 'weight';
  const convert = leaf === 'kernel' ? transpose : unchanged;
  if (block === '') {
    const norm = pooling.kind === 'mean' && pooling.norm === 'after' ? 'fc_norm' : 'norm';
    return { name: `${norm}.${suffix}`, convert };
  }
  const part = QKV_ORDER.indexOf(layer.replace('attention.', ''));
  if (part >= 0) return { name: `${block}.attn.qkv.${suffix}`, convert: (array) => convert(thirdOf(array, part)) };
  return { name: `${block}.${IN_BLOCK[layer] ?? layer}.${suffix}`, convert };
}

/** The rows of q, k or v in a fused [3D, …]. */
function thirdOf(array: NamedArray, part: number): NamedArray {
  const D = (array.shape[0] ?? 0) / 3;
  return rows(array, part * D, (part + 1) * D);
}
