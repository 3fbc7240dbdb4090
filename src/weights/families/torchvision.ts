import { shapeOf } from '../arrays.ts';
import type { NamedArrays } from '../arrays.ts';
import type { ViTConfig } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { parameterPath, squareImageSize, usualNumHeads } from '../family.ts';
import type { Description, Family } from '../family.ts';
import { sourceFrom } from '../torch-tensor.ts';
import type { TorchTensor } from '../torch-tensor.ts';
import { torchvisionPreset } from './torchvision-preset.ts';

const LAYER = 'encoder.layers.encoder_layer_';

/** `torchvision.models.vit_*`, whose checkpoints are bare tensors. */
export const torchvision: Family<ViTConfig> = {
  name: 'torchvision ViT',
  matches: (names) => names.has('conv_proj.weight') && names.has(`${LAYER}0.self_attention.in_proj_weight`),
  describe(checkpoint) {
    const config = configOf(checkpoint);
    const legacy = checkpoint.arrays.has(`${LAYER}0.mlp.linear_1.weight`);
    return {
      architecture: `torchvision ViT, patch ${config.patchSize}`,
      config,
      imageSize: config.imageSize,
      labels: undefined,
      preprocessingAt: torchvisionPreset(256),
      assumption:
        'torchvision checkpoints say nothing of preprocessing and heads: the recipe of vit_b_16 (resize 256, crop 224, bilinear) ' +
        'and heads of 64 columns are assumed',
      sourceOf: (parameter) => sourceFrom(tensorOf(parameter, legacy ? ['linear_1', 'linear_2'] : ['0', '3'])),
      unused: [],
    } satisfies Description<ViTConfig>;
  },
};

function configOf({ arrays, where }: Checkpoint): ViTConfig {
  const [dim = 0, numChannels = 0, patchSize = 0] = shapeOf(arrays, 'conv_proj.weight', 4, where);
  const [numClasses = 0] = shapeOf(arrays, 'heads.head.weight', 2, where);
  const [, numPositions = 0] = shapeOf(arrays, 'encoder.pos_embedding', 3, where);
  return {
    kind: 'vit',
    imageSize: squareImageSize(numPositions - 1, patchSize, where),
    patchSize,
    numChannels,
    patchBias: true,
    dim,
    depth: depthOf(arrays),
    numHeads: usualNumHeads(dim, where),
    numClasses,
    mlp: { kind: 'plain', hiddenDim: hiddenDimOf(arrays), activation: 'gelu' },
    epsilon: 1e-6,
    qkvBias: true,
    qkNorm: false,
    layerScale: false,
    inputNorm: false,
    prefix: { classToken: true, distillationToken: false, numRegisters: 0 },
    positions: { kind: 'learned', numPrefix: 1, resample: 'bicubic-corners' },
    pooling: { kind: 'class-token' },
  };
}

function depthOf(arrays: NamedArrays): number {
  let depth = 0;
  while (arrays.has(`${LAYER}${depth}.self_attention.in_proj_weight`)) depth += 1;
  return depth;
}

/** Names changed with torchvision 0.13, when the MLP became a Sequential. */
function hiddenDimOf(arrays: NamedArrays): number {
  const first = arrays.get(`${LAYER}0.mlp.0.weight`) ?? arrays.get(`${LAYER}0.mlp.linear_1.weight`);
  return first?.shape[0] ?? 0;
}

const SINGLE: Readonly<Record<string, TorchTensor>> = {
  'patchEmbedding.kernel': { name: 'conv_proj.weight', layout: 'patches' },
  'patchEmbedding.bias': { name: 'conv_proj.bias', layout: 'same' },
  classToken: { name: 'class_token', layout: 'same' },
  positions: { name: 'encoder.pos_embedding', layout: 'same' },
};

const QKV_ORDER = ['attention.query', 'attention.key', 'attention.value'];

function tensorOf(parameter: string, [hidden, output]: readonly [hidden: string, output: string]): TorchTensor {
  const single = SINGLE[parameter];
  if (single !== undefined) return single;
  const { block, layer, leaf } = parameterPath(parameter);
  const suffix = leaf === 'bias' ? 'bias' : 'weight';
  const layout = leaf === 'kernel' ? 'linear' : 'same';
  if (block === '') return { name: `${layer === 'head' ? 'heads.head' : 'encoder.ln'}.${suffix}`, layout };
  const name = block.replace('blocks.', LAYER);
  const part = QKV_ORDER.indexOf(layer);
  if (part >= 0) return { name: `${name}self_attention.in_proj_${suffix}`, layout, part: [part, 3] };
  const names: Readonly<Record<string, string>> = {
    norm1: 'ln_1',
    'attention.output': 'self_attention.out_proj',
    norm2: 'ln_2',
    'mlp.hidden': `mlp.${hidden}`,
    'mlp.output': `mlp.${output}`,
  };
  return { name: `${name}${names[layer] ?? layer}.${suffix}`, layout };
}
