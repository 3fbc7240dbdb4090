import { shapeOf } from '../arrays.ts';
import type { ViTConfig } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { parameterPath } from '../family.ts';
import type { Description, Family } from '../family.ts';
import { sourceFrom } from '../torch-tensor.ts';
import type { TorchTensor } from '../torch-tensor.ts';
import { IMAGENET_PROCESSOR, processorOf } from './huggingface-preprocessing.ts';
import type { ProcessorConfig } from './huggingface-preprocessing.ts';
import { architectureOf, labelsOf, parseHuggingFaceConfig, plainMlp, sharedConfig } from './huggingface.ts';
import type { HuggingFaceConfig } from './huggingface.ts';

/** google/vit-*: squashed to 224, bilinear. */
const VIT_PROCESSOR: ProcessorConfig = { size: 224, resample: 2 };
/** facebook/deit-*: squashed to 256, bicubic, cropped to 224. */
const DEIT_PROCESSOR: ProcessorConfig = {
  size: 256,
  crop_size: 224,
  resample: 3,
  ...IMAGENET_PROCESSOR,
};

/** `ViTForImageClassification` of transformers. */
export const huggingFaceViT: Family<ViTConfig> = {
  name: 'Hugging Face ViT',
  names: 'huggingface',
  matches: (names) => names.has('vit.embeddings.patch_embeddings.projection.weight'),
  describe: (checkpoint) => describeAs('vit', checkpoint, VIT_PROCESSOR),
};

/** `DeiTForImageClassification` of transformers, with a teacher (two heads, averaged) or without. */
export const huggingFaceDeiT: Family<ViTConfig> = {
  name: 'Hugging Face DeiT',
  names: 'huggingface',
  matches: (names) => names.has('deit.embeddings.patch_embeddings.projection.weight'),
  describe: (checkpoint) => describeAs('deit', checkpoint, DEIT_PROCESSOR),
};

function describeAs(prefix: string, checkpoint: Checkpoint, fallback: ProcessorConfig): Description<ViTConfig> {
  const published = parseHuggingFaceConfig(checkpoint);
  const config = configOf(prefix, checkpoint, published);
  return {
    architecture: architectureOf(published),
    config,
    ...processorOf(checkpoint, fallback),
    labels: labelsOf(published, config.numClasses, checkpoint.where),
    sourceOf: (parameter) => sourceFrom(huggingFaceViTTensor(prefix, parameter, config)),
    // Pre-training leaves a pooler and a mask token behind, which no classifier reads.
    unused: [new RegExp(`^${prefix}\\.(?:pooler\\.|embeddings\\.mask_token$)`)],
  };
}

function configOf(prefix: string, checkpoint: Checkpoint, published: HuggingFaceConfig): ViTConfig {
  const { arrays, where } = checkpoint;
  const distilled = arrays.has('distillation_classifier.weight');
  const distillationToken = arrays.has(`${prefix}.embeddings.distillation_token`);
  const [numClasses = 0] = shapeOf(arrays, distilled ? 'cls_classifier.weight' : 'classifier.weight', 2, where);
  const [hiddenDim = 0] = shapeOf(arrays, `${prefix}.encoder.layer.0.intermediate.dense.weight`, 2, where);
  return {
    ...sharedConfig(checkpoint, published, prefix),
    numClasses,
    mlp: plainMlp(published, hiddenDim),
    layerScale: false,
    prefix: { classToken: true, distillationToken, numRegisters: 0 },
    positions: { kind: 'learned', numPrefix: distillationToken ? 2 : 1, resample: 'bicubic' },
    pooling: distilled ? { kind: 'distilled' } : { kind: 'class-token' },
  };
}

const EMBEDDINGS: Readonly<Record<string, TorchTensor>> = {
  'patchEmbedding.kernel': { name: 'patch_embeddings.projection.weight', layout: 'patches' },
  'patchEmbedding.bias': { name: 'patch_embeddings.projection.bias', layout: 'same' },
  classToken: { name: 'cls_token', layout: 'same' },
  distillationToken: { name: 'distillation_token', layout: 'same' },
  positions: { name: 'position_embeddings', layout: 'same' },
};

const LAYERS: Readonly<Record<string, string>> = {
  norm1: 'layernorm_before',
  'attention.query': 'attention.attention.query',
  'attention.key': 'attention.attention.key',
  'attention.value': 'attention.attention.value',
  'attention.output': 'attention.output.dense',
  norm2: 'layernorm_after',
  'mlp.hidden': 'intermediate.dense',
  'mlp.output': 'output.dense',
};

/** The tensor of transformers' ViT (`prefix` vit) or DeiT (deit) for a parameter of `vit/params`. */
export function huggingFaceViTTensor(prefix: string, parameter: string, { pooling }: ViTConfig): TorchTensor {
  const embedding = EMBEDDINGS[parameter];
  if (embedding !== undefined) return { ...embedding, name: `${prefix}.embeddings.${embedding.name}` };
  const { block, layer, leaf } = parameterPath(parameter);
  const suffix = leaf === 'bias' ? 'bias' : 'weight';
  const layout = leaf === 'kernel' ? 'linear' : 'same';
  if (layer === 'distillationHead') return { name: `distillation_classifier.${suffix}`, layout };
  if (layer === 'head') return { name: `${pooling.kind === 'distilled' ? 'cls_' : ''}classifier.${suffix}`, layout };
  if (block === '') return { name: `${prefix}.layernorm.${suffix}`, layout };
  return { name: `${prefix}.encoder.${block.replace('blocks', 'layer')}${LAYERS[layer] ?? layer}.${suffix}`, layout };
}
