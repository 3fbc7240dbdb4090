import type { Activation, ViTConfig } from '../architecture.ts';
import { huggingFaceDinov2Tensor } from '../families/huggingface-dinov2.ts';
import { huggingFaceViTTensor } from '../families/huggingface-vit.ts';
import {
  withDistillationTokenAsRegister,
  withHeadOnTokenAndMean,
  withLayerScale,
  withPatchBias,
  withPositions,
  withPrefixPositions,
} from '../vit-weights.ts';
import type { ViTWeights } from '../vit-weights.ts';
import type { Size } from '../preprocessing.ts';
import { processorFile } from './huggingface-processor.ts';
import type { About, Target } from './target.ts';

const ONLY_DINOV2 = 'layer scale, SwiGLU, registers or a head on the mean';

/** `AutoModelForImageClassification.from_pretrained('…')`: ViT, DeiT or DINOv2, the first that has all of the network. */
export const huggingFaceTarget: Target = {
  library: 'transformers',
  lacking(config) {
    const { pooling, prefix, positions, imageSize } = config;
    const { type } = classOf(config);
    const dinov2 = type.startsWith('dinov2');
    const lacks: [boolean, string][] = [
      [!prefix.classToken, 'a network without a class token'],
      [config.qkNorm, 'layer norms on queries and keys'],
      [config.inputNorm, 'a layer norm before the first block'],
      [pooling.kind === 'mean' && pooling.norm === 'after', 'a final norm after the mean of the patches'],
      [pooling.kind === 'distilled' && needsDinov2(config), `${ONLY_DINOV2} with a distillation head`],
      [positions.kind.startsWith('sincos'), 'fixed positions of sines and cosines'],
      [dinov2 && imageSize.height !== imageSize.width, `${ONLY_DINOV2} on images that are not square`],
      [
        dinov2 && mlpRatio(config) === undefined,
        `${ONLY_DINOV2} with an MLP of ${config.mlp.hiddenDim} columns, no multiple of ${config.dim}`,
      ],
    ];
    return lacks.filter(([lacking]) => lacking).map(([, feature]) => feature);
  },
  publish(given, about) {
    const chosen = classOf(given.config);
    const network = inItsForm(given, chosen, about);
    const { config } = network;
    const dinov2 = chosen.type.startsWith('dinov2');
    const tensorOf = dinov2 ? huggingFaceDinov2Tensor : huggingFaceViTTensor;
    const maskToken = {
      name: `${chosen.type}.embeddings.mask_token`,
      shape: [1, config.dim],
      values: () => new Float32Array(config.dim),
    };
    return {
      network,
      tensorOf: (parameter) => tensorOf(chosen.type, parameter, config),
      idle: dinov2 ? [maskToken] : [],
      config: {
        architectures: [chosen.name],
        model_type: chosen.type,
        dtype: about.dtype,
        ...sharedConfig(config),
        ...(dinov2 ? dinov2Config(config) : { intermediate_size: config.mlp.hiddenDim }),
        ...labelMaps(about.labels ?? Array.from({ length: config.numClasses }, (_, i) => `LABEL_${i}`)),
      },
      preprocessor: processorFile(about.preprocessing),
    };
  },
};

interface ModelClass {
  /** `model_type`, and the first word of its tensors' names. */
  readonly type: 'vit' | 'deit' | 'dinov2' | 'dinov2_with_registers';
  readonly name: string;
}

function classOf(config: ViTConfig): ModelClass {
  const { distillationToken, numRegisters } = config.prefix;
  if (config.pooling.kind === 'distilled') return { type: 'deit', name: 'DeiTForImageClassificationWithTeacher' };
  if (needsDinov2(config)) {
    return distillationToken || numRegisters > 0
      ? { type: 'dinov2_with_registers', name: 'Dinov2WithRegistersForImageClassification' }
      : { type: 'dinov2', name: 'Dinov2ForImageClassification' };
  }
  return distillationToken
    ? { type: 'deit', name: 'DeiTForImageClassification' }
    : { type: 'vit', name: 'ViTForImageClassification' };
}

function needsDinov2({ layerScale, mlp, prefix, pooling }: ViTConfig): boolean {
  const readsMean = pooling.kind === 'mean' || pooling.kind === 'class-token-and-mean';
  return layerScale || mlp.kind === 'swiglu' || prefix.numRegisters > 0 || readsMean;
}

function inItsForm(given: ViTWeights, { type }: ModelClass, about: About): ViTWeights {
  const numPatches = (about.imageSize.height * about.imageSize.width) / given.config.patchSize ** 2;
  if (!type.startsWith('dinov2')) {
    const whole = withPositions(withPatchBias(about.atImageSize(given)), numPatches);
    return withPrefixPositions(whole, type === 'deit' ? 2 : 1);
  }
  // These bring their table to the image themselves; to another library's images it is brought by that library's way.
  const { positions } = given.config;
  const own =
    positions.kind === 'learned' && positions.resample === (type === 'dinov2' ? 'bicubic' : 'bicubic-antialias');
  const whole = withPositions(withPatchBias(own ? given : about.atImageSize(given)), numPatches);
  const tokens = withDistillationTokenAsRegister(withLayerScale(withHeadOnTokenAndMean(whole)));
  return withPrefixPositions(tokens, 1);
}

const ACTIVATIONS: Readonly<Record<Activation, string>> = {
  gelu: 'gelu',
  'gelu-tanh': 'gelu_pytorch_tanh',
  'gelu-quick': 'quick_gelu',
  relu: 'relu',
};

function sharedConfig(config: ViTConfig): object {
  return {
    hidden_size: config.dim,
    num_hidden_layers: config.depth,
    num_attention_heads: config.numHeads,
    hidden_act: config.mlp.kind === 'plain' ? ACTIVATIONS[config.mlp.activation] : 'gelu',
    layer_norm_eps: config.epsilon,
    image_size: sizeOf(config.imageSize),
    patch_size: config.patchSize,
    num_channels: config.numChannels,
    qkv_bias: config.qkvBias,
  };
}

function sizeOf({ height, width }: Size): number | [number, number] {
  return height === width ? height : [height, width];
}

function dinov2Config(config: ViTConfig): object {
  const { numRegisters } = config.prefix;
  return {
    mlp_ratio: mlpRatio(config),
    use_swiglu_ffn: config.mlp.kind === 'swiglu',
    ...(numRegisters > 0 ? { num_register_tokens: numRegisters } : { use_mask_token: true }),
  };
}

/** DINOv2's configuration holds a whole number, from which its classes compute the width of the MLP. */
function mlpRatio({ dim, mlp }: ViTConfig): number | undefined {
  const widthAt = (ratio: number): number =>
    mlp.kind === 'plain' ? dim * ratio : Math.floor((Math.trunc((dim * ratio * 2) / 3) + 7) / 8) * 8;
  const largest = Math.ceil((2 * mlp.hiddenDim) / dim);
  return Array.from({ length: largest }, (_, i) => i + 1).find((ratio) => widthAt(ratio) === mlp.hiddenDim);
}

function labelMaps(labels: readonly string[]): object {
  return {
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
  };
}
