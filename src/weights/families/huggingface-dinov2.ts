import { shapeOf } from '../arrays.ts';
import type { Mlp, ViTConfig } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { parameterPath } from '../family.ts';
import type { Description, Family } from '../family.ts';
import { sourceFrom } from '../torch-tensor.ts';
import type { TorchTensor } from '../torch-tensor.ts';
import { IMAGENET_PROCESSOR, processorOf } from './huggingface-preprocessing.ts';
import type { ProcessorConfig } from './huggingface-preprocessing.ts';
import { architectureOf, labelsOf, parseHuggingFaceConfig, plainMlp, sharedConfig } from './huggingface.ts';
import type { HuggingFaceConfig } from './huggingface.ts';

/** facebook/dinov2-*-imagenet1k-1-layer: shorter edge to 256, bicubic, cropped to 224. */
const PROCESSOR: ProcessorConfig = {
  size: { shortest_edge: 256 },
  crop_size: 224,
  resample: 3,
  ...IMAGENET_PROCESSOR,
};

const PREFIXES = ['dinov2', 'dinov2_with_registers'];

/** DINOv2 with a linear head, as transformers publishes it, with registers or without. */
export const huggingFaceDinov2: Family<ViTConfig> = {
  name: 'Hugging Face DINOv2',
  names: 'huggingface',
  matches: (names) => prefixAmong(names) !== undefined,
  describe(checkpoint) {
    const prefix = prefixAmong(checkpoint.arrays) ?? 'dinov2';
    const published = parseHuggingFaceConfig(checkpoint);
    const config = configOf(prefix, checkpoint, published);
    return {
      architecture: architectureOf(published),
      config,
      ...processorOf(checkpoint, PROCESSOR),
      labels: labelsOf(published, config.numClasses, checkpoint.where),
      sourceOf: (parameter) => sourceFrom(huggingFaceDinov2Tensor(prefix, parameter, config)),
      unused: [/\.embeddings\.mask_token$/],
    } satisfies Description<ViTConfig>;
  },
};

function prefixAmong(names: { has(name: string): boolean }): string | undefined {
  return PREFIXES.find((prefix) => names.has(`${prefix}.embeddings.patch_embeddings.projection.weight`));
}

function configOf(prefix: string, checkpoint: Checkpoint, published: HuggingFaceConfig): ViTConfig {
  const { arrays, where } = checkpoint;
  const [numClasses = 0] = shapeOf(arrays, 'classifier.weight', 2, where);
  const registers = arrays.get(`${prefix}.embeddings.register_tokens`);
  return {
    ...sharedConfig(checkpoint, published, prefix),
    numClasses,
    mlp: mlpOf(`${prefix}.encoder.layer.0.mlp`, checkpoint, published),
    layerScale: true,
    prefix: { classToken: true, distillationToken: false, numRegisters: registers?.shape[1] ?? 0 },
    // The registers are put in after the positions were added; with them, transformers averages when it shrinks the grid.
    positions: { kind: 'learned', numPrefix: 1, resample: registers === undefined ? 'bicubic' : 'bicubic-antialias' },
    pooling: { kind: 'class-token-and-mean' },
  };
}

function mlpOf(name: string, { arrays, where }: Checkpoint, published: HuggingFaceConfig): Mlp {
  if (!arrays.has(`${name}.weights_in.weight`)) {
    const [hiddenDim = 0] = shapeOf(arrays, `${name}.fc1.weight`, 2, where);
    return plainMlp(published, hiddenDim);
  }
  const [, hiddenDim = 0] = shapeOf(arrays, `${name}.weights_out.weight`, 2, where);
  return { kind: 'swiglu', hiddenDim };
}

const EMBEDDINGS: Readonly<Record<string, TorchTensor>> = {
  'patchEmbedding.kernel': { name: 'patch_embeddings.projection.weight', layout: 'patches' },
  'patchEmbedding.bias': { name: 'patch_embeddings.projection.bias', layout: 'same' },
  classToken: { name: 'cls_token', layout: 'same' },
  registers: { name: 'register_tokens', layout: 'same' },
  positions: { name: 'position_embeddings', layout: 'same' },
};

const LAYERS: Readonly<Record<string, string>> = {
  'attention.query': 'attention.attention.query',
  'attention.key': 'attention.attention.key',
  'attention.value': 'attention.attention.value',
  'attention.output': 'attention.output.dense',
};

/** The tensor of transformers' DINOv2 (`prefix` dinov2 or dinov2_with_registers) for a parameter of `vit/params`. */
export function huggingFaceDinov2Tensor(prefix: string, parameter: string, { mlp }: ViTConfig): TorchTensor {
  const embedding = EMBEDDINGS[parameter];
  if (embedding !== undefined) return { ...embedding, name: `${prefix}.embeddings.${embedding.name}` };
  const { block, layer, leaf } = parameterPath(parameter);
  const suffix = leaf === 'bias' ? 'bias' : 'weight';
  const layout = leaf === 'kernel' ? 'linear' : 'same';
  if (layer === 'head') return { name: `classifier.${suffix}`, layout };
  if (block === '' && layer === 'norm') return { name: `${prefix}.layernorm.${suffix}`, layout };
  const name = `${prefix}.encoder.${block.replace('blocks', 'layer')}`;
  if (leaf.startsWith('scale') && layer === '') return { name: `${name}layer_${leaf}.lambda1`, layout: 'same' };
  if (!layer.startsWith('mlp.')) return { name: `${name}${LAYERS[layer] ?? layer}.${suffix}`, layout };
  const { name: inner, ...rest } = mlpLayer(layer, mlp);
  return { name: `${name}${inner}.${suffix}`, layout, ...rest };
}

/** SwiGLU packs gate and hidden layer, in this order, in one matrix. */
function mlpLayer(layer: string, mlp: Mlp): Pick<TorchTensor, 'name' | 'part'> {
  if (mlp.kind === 'plain') return { name: layer === 'mlp.hidden' ? 'mlp.fc1' : 'mlp.fc2' };
  if (layer === 'mlp.output') return { name: 'mlp.weights_out' };
  return { name: 'mlp.weights_in', part: [layer === 'mlp.gate' ? 0 : 1, 2] };
}
