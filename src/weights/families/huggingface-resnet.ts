import * as z from 'zod';

import type { ResNetConfig } from '../cnn-architecture.ts';
import type { Description, Family } from '../family.ts';
import { convNormSources } from './conv-norm-names.ts';
import type { ConvNetNames } from './conv-norm-names.ts';
import { convNextProcessorOf } from './huggingface-convnext-processor.ts';
import { IMAGENET_PROCESSOR } from './huggingface-preprocessing.ts';
import type { ProcessorConfig } from './huggingface-preprocessing.ts';
import { architectureOf, HuggingFaceBase, labelsOf, parseHuggingFace } from './huggingface.ts';
import { resNetShape } from './resnet-shape.ts';

/** microsoft/resnet-*: the shorter edge to 256, bicubic, cropped to 224. */
const PROCESSOR: ProcessorConfig = {
  size: { shortest_edge: 256 },
  crop_size: 224,
  resample: 3,
  ...IMAGENET_PROCESSOR,
};

const HuggingFaceResNet = z.object({
  ...HuggingFaceBase.shape,
  hidden_act: z.literal('relu').default('relu'),
  downsample_in_first_stage: z.boolean().default(false),
  downsample_in_bottleneck: z.boolean().default(false),
});

const NAMES: ConvNetNames = {
  head: 'classifier.1',
  unit: (name) => {
    const [, stage = '', block = '', place = ''] = /^stages\.(\d+)\.blocks\.(\d+)\.(.+)$/.exec(name) ?? [];
    const layer = place === 'shortcut' ? 'shortcut' : place.replace('convolutions', 'layer');
    const prefix =
      name === 'stem' ? 'resnet.embedder.embedder' : `resnet.encoder.stages.${stage}.layers.${block}.${layer}`;
    return { convolution: `${prefix}.convolution`, norm: `${prefix}.normalization` };
  },
};

/** `ResNetForImageClassification` of transformers. */
export const huggingFaceResNet: Family<ResNetConfig> = {
  name: 'Hugging Face ResNet',
  matches: (names) => names.has('resnet.embedder.embedder.convolution.weight'),
  describe(checkpoint) {
    const { arrays, where } = checkpoint;
    const published = parseHuggingFace(HuggingFaceResNet, checkpoint);
    const config = resNetShape(arrays, where, NAMES, {
      bottleneckStride: published.downsample_in_bottleneck ? 'first' : 'middle',
      strideOf: (stage) => (stage === 0 && published.downsample_in_first_stage ? 2 : undefined),
    });
    return {
      architecture: architectureOf(published),
      config,
      ...convNextProcessorOf(checkpoint, PROCESSOR),
      labels: labelsOf(published, config.numClasses, where),
      ...convNormSources(NAMES),
    } satisfies Description<ResNetConfig>;
  },
};
