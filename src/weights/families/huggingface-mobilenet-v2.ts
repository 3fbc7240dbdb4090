import * as z from 'zod';

import type { MobileNetV2Config } from '../cnn-architecture.ts';
import type { Description, Family } from '../family.ts';
import { convNormSources } from './conv-norm-names.ts';
import type { ConvNetNames, ConvNormNames } from './conv-norm-names.ts';
import { processorOf } from './huggingface-preprocessing.ts';
import type { ProcessorConfig } from './huggingface-preprocessing.ts';
import { architectureOf, HuggingFaceBase, labelsOf, parseHuggingFace } from './huggingface.ts';
import { mobileNetV2Shape } from './mobilenet-v2-shape.ts';

/** google/mobilenet_v2_*: the shorter edge to 256, bilinear, cropped to 224. */
const PROCESSOR: ProcessorConfig = { size: { shortest_edge: 256 }, crop_size: 224, resample: 2 };

/** What the class settles where the file is silent, and what patchlens has not. */
const HuggingFaceMobileNet = z.object({
  ...HuggingFaceBase.shape,
  hidden_act: z.literal('relu6').default('relu6'),
  first_layer_is_expansion: z.literal(true).default(true),
  output_stride: z.literal(32).default(32),
  tf_padding: z.boolean().default(true),
  layer_norm_eps: z.number().positive().max(0.1).default(0.001),
});

const PARTS: Readonly<Record<string, string>> = { expand: 'expand_1x1', depthwise: 'conv_3x3', project: 'reduce_1x1' };

const NAMES: ConvNetNames = {
  head: 'classifier',
  unit: (name) => {
    const [, block = '', part = ''] = /^blocks\.(\d+)\.(\w+)$/.exec(name) ?? [];
    if (name === 'stem') return inside('conv_stem.first_conv');
    if (name === 'last') return inside('conv_1x1');
    // The first block is part of the stem.
    const layer = block === '0' ? 'conv_stem' : `layer.${Number(block) - 1}`;
    return { ...inside(`${layer}.${PARTS[part] ?? part}`), depthwise: part === 'depthwise' };
  },
};

function inside(layer: string): ConvNormNames {
  return { convolution: `mobilenet_v2.${layer}.convolution`, norm: `mobilenet_v2.${layer}.normalization` };
}

/** `MobileNetV2ForImageClassification` of transformers. */
export const huggingFaceMobileNetV2: Family<MobileNetV2Config> = {
  name: 'Hugging Face MobileNetV2',
  matches: (names) => names.has('mobilenet_v2.conv_stem.first_conv.convolution.weight'),
  describe(checkpoint) {
    const { arrays, where } = checkpoint;
    const published = parseHuggingFace(HuggingFaceMobileNet, checkpoint);
    const config = mobileNetV2Shape(arrays, where, NAMES, {
      padding: published.tf_padding ? 'same' : 'symmetric',
      epsilon: published.layer_norm_eps,
      firstResidual: false,
    });
    return {
      architecture: architectureOf(published),
      config,
      ...processorOf(checkpoint, PROCESSOR),
      labels: labelsOf(published, config.numClasses, where),
      ...convNormSources(NAMES),
    } satisfies Description<MobileNetV2Config>;
  },
};
