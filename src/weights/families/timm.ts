import * as z from 'zod';

import { ConfigError } from '../../errors.ts';
import type { Mlp, Activation, Pooling, ViTConfig } from '../architecture.ts';
import { shapeOf } from '../arrays.ts';
import type { NamedArrays } from '../arrays.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { Side } from '../image-schemas.ts';
import { parameterPath } from '../family.ts';
import type { Description, Family } from '../family.ts';
import type { Size } from '../preprocessing.ts';
import { sourceFrom } from '../torch-tensor.ts';
import type { TorchTensor } from '../torch-tensor.ts';
import { parseTimmConfig, TimmBase, timmLabels, timmPreprocessing } from './timm-config.ts';

/** ViT as pytorch-image-models publishes it: fused qkv, `config.json` with `pretrained_cfg`. */
export const timm: Family<ViTConfig> = {
  name: 'timm ViT',
  names: 'timm',
  matches: (names) => names.has('patch_embed.proj.weight') && names.has('blocks.0.attn.qkv.weight'),
  describe(checkpoint) {
    const published = parseTimmConfig(TimmConfig, checkpoint);
    const config = configOf(checkpoint, published);
    return {
      architecture: published.architecture,
      config,
      imageSize: config.imageSize,
      labels: timmLabels(published, config.numClasses, checkpoint.where),
      preprocessingAt: (imageSize) => timmPreprocessing(published.pretrained_cfg, imageSize),
      sourceOf: (parameter) => sourceFrom(timmTensor(parameter, config)),
      unused: [],
    } satisfies Description<ViTConfig>;
  },
};

const MAX_HEADS = 256;

/** timm.layers.create_act's names for what ViTs have. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_tanh: 'gelu-tanh',
  quick_gelu: 'gelu-quick',
  relu: 'relu',
};

const TimmConfig = z.object({
  ...TimmBase.shape,
  global_pool: z.enum(['token', 'avg', '']).default('token'),
  model_args: z
    .object({
      img_size: z.union([Side, z.tuple([Side, Side])]).optional(),
      num_heads: z.int().min(1).max(MAX_HEADS).optional(),
      act_layer: z.enum(Object.keys(ACTIVATIONS)).optional(),
    })
    .default({}),
});
type TimmConfig = z.infer<typeof TimmConfig>;

function configOf({ where, arrays }: Checkpoint, published: TimmConfig): ViTConfig {
  const { architecture, model_args } = published;
  const [dim = 0, numChannels = 0, patchSize = 0] = shapeOf(arrays, 'patch_embed.proj.weight', 4, where);
  const [numClasses = 0] = shapeOf(arrays, 'head.weight', 2, where);
  const imageSize = imageSizeOf(published);
  const prefix = {
    classToken: arrays.has('cls_token'),
    distillationToken: arrays.has('dist_token'),
    numRegisters: arrays.get('reg_token')?.shape[1] ?? 0,
  };
  return {
    kind: 'vit',
    imageSize,
    patchSize,
    numChannels,
    patchBias: arrays.has('patch_embed.proj.bias'),
    dim,
    depth: depthOf(arrays),
    numHeads: model_args.num_heads ?? numHeadsOf(architecture, dim, where),
    numClasses,
    mlp: mlpOf(arrays, published, where),
    // timm's CLIP towers keep torch's ε, all its others take 1e-6.
    epsilon: architecture.includes('clip') ? 1e-5 : 1e-6,
    qkvBias: arrays.has('blocks.0.attn.qkv.bias'),
    qkNorm: arrays.has('blocks.0.attn.q_norm.weight'),
    layerScale: arrays.has('blocks.0.ls1.gamma'),
    inputNorm: arrays.has('norm_pre.weight'),
    prefix,
    positions: positionsOf(arrays, imageSize, patchSize),
    pooling: poolingOf(published, arrays),
  };
}

/** SwiGLU packs gate and hidden layer in one matrix, so that the first layer is twice as wide as the second is deep. */
function mlpOf(arrays: NamedArrays, { architecture, model_args }: TimmConfig, where: string): Mlp {
  const [width = 0] = shapeOf(arrays, 'blocks.0.mlp.fc1.weight', 2, where);
  const [, depth = 0] = shapeOf(arrays, 'blocks.0.mlp.fc2.weight', 2, where);
  if (width === 2 * depth) return { kind: 'swiglu', hiddenDim: depth };
  const named = model_args.act_layer === undefined ? undefined : ACTIVATIONS[model_args.act_layer];
  const implied = ACTIVATION_BY_NAME.find(([name]) => name.test(architecture))?.[1];
  return { kind: 'plain', hiddenDim: width, activation: named ?? implied ?? 'gelu' };
}

/** The architectures that settle another activation than the exact GELU (timm 1.0.29). */
const ACTIVATION_BY_NAME: readonly [name: RegExp, activation: Activation][] = [
  [/quickgelu/, 'gelu-quick'],
  [/^vit_(?:base_patch32|so400m_patch16|giantopt_patch16)_siglip_/, 'gelu-tanh'],
  [/^vit_large_patch16_siglip_(?:gap_)?512/, 'gelu-tanh'],
];

/** The table has a row for each patch, and before them for none, the first, or all of the prefix. */
function positionsOf(arrays: NamedArrays, imageSize: Size, patchSize: number): ViTConfig['positions'] {
  const table = arrays.get('pos_embed');
  if (table === undefined) return { kind: 'none' };
  const numPatches = Math.floor(imageSize.height / patchSize) * Math.floor(imageSize.width / patchSize);
  return { kind: 'learned', numPrefix: Math.max(0, (table.shape[1] ?? 0) - numPatches), resample: 'bicubic-antialias' };
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

/** timm's sizes whose heads are not 64 wide; a fused qkv does not show them. */
const HEADS_BY_SIZE: readonly [name: RegExp, numHeads: number][] = [
  [/^vit_giant_patch14_(?:reg4_)?dinov2/, 24],
  [/^vit_base_patch16_gap_224/, 16],
  [/_(?:huge|giant|gigantic|so400m)_/, 16],
  [/_so150m/, 14],
];
const USUAL_HEAD_DIM = 64;

function numHeadsOf(architecture: string, dim: number, where: string): number {
  const named = HEADS_BY_SIZE.find(([name]) => name.test(architecture))?.[1];
  const heads = named ?? dim / USUAL_HEAD_DIM;
  if (/^(?:vit|deit3?)_/.test(architecture) && Number.isInteger(heads) && dim % heads === 0) return heads;
  throw new ConfigError(
    `${where}: config.json: expected model_args.num_heads, as «${architecture}» does not say how many heads share ${dim} columns`,
  );
}

function poolingOf({ global_pool }: TimmConfig, arrays: NamedArrays): Pooling {
  if (arrays.has('head_dist.weight')) return { kind: 'distilled' };
  if (global_pool === 'avg') return { kind: 'mean', norm: arrays.has('fc_norm.weight') ? 'after' : 'before' };
  return { kind: 'class-token' };
}

/** Parameters that are no weight or bias of a layer, or whose layout is not that of one. */
const SINGLE: Readonly<Record<string, TorchTensor>> = {
  'patchEmbedding.kernel': { name: 'patch_embed.proj.weight', layout: 'patches' },
  classToken: { name: 'cls_token', layout: 'same' },
  distillationToken: { name: 'dist_token', layout: 'same' },
  registers: { name: 'reg_token', layout: 'same' },
  positions: { name: 'pos_embed', layout: 'same' },
};

type Layer = Pick<TorchTensor, 'name' | 'part'>;

/** Our layers and timm's; those that are not listed have the same name. */
const LAYERS: Readonly<Record<string, Layer>> = {
  patchEmbedding: { name: 'patch_embed.proj' },
  inputNorm: { name: 'norm_pre' },
  distillationHead: { name: 'head_dist' },
  'attention.query': { name: 'attn.qkv', part: [0, 3] },
  'attention.key': { name: 'attn.qkv', part: [1, 3] },
  'attention.value': { name: 'attn.qkv', part: [2, 3] },
  'attention.queryNorm': { name: 'attn.q_norm' },
  'attention.keyNorm': { name: 'attn.k_norm' },
  'attention.output': { name: 'attn.proj' },
  'mlp.output': { name: 'mlp.fc2' },
};

/** timm's tensor for a parameter of `vit/params`. */
export function timmTensor(parameter: string, { pooling, mlp }: ViTConfig): TorchTensor {
  const single = SINGLE[parameter];
  if (single !== undefined) return single;
  const { block, layer, leaf } = parameterPath(parameter);
  if (leaf === 'scale1' || leaf === 'scale2') return { name: `${block}ls${leaf.at(-1)}.gamma`, layout: 'same' };
  const { name, ...rest } = layerOf(layer, pooling, mlp);
  const suffix = leaf === 'bias' ? 'bias' : 'weight';
  return { name: `${block}${name}.${suffix}`, layout: leaf === 'kernel' ? 'linear' : 'same', ...rest };
}

function layerOf(layer: string, pooling: Pooling, mlp: Mlp): Layer {
  if (layer === 'norm' && pooling.kind === 'mean' && pooling.norm === 'after') return { name: 'fc_norm' };
  if (layer === 'mlp.gate') return { name: 'mlp.fc1', part: [0, 2] };
  if (layer === 'mlp.hidden') return { name: 'mlp.fc1', ...(mlp.kind === 'swiglu' && { part: [1, 2] }) };
  return LAYERS[layer] ?? { name: layer };
}
