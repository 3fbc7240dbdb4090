import * as z from 'zod';

import { ConfigError } from '../../errors.ts';
import { MOST_STRIDE } from '../cnn-architecture.ts';
import type { ResNetConfig } from '../cnn-architecture.ts';
import type { Description, Family } from '../family.ts';
import type { TorchTensor } from '../torch-tensor.ts';
import { convNormSources, convNormTensor } from './conv-norm-names.ts';
import type { ConvNetNames } from './conv-norm-names.ts';
import { resNetName, resNetShape } from './resnet-shape.ts';
import { parseTimmConfig, TimmBase, timmImageSize, timmLabels, timmPreprocessing } from './timm-config.ts';
import { recipeNote, resizeOf, torchvisionPreset } from './torchvision-preset.ts';

/** torchvision's names, which timm has too. */
const NAMES: ConvNetNames = {
  head: 'fc',
  unit: (name) => {
    if (name === 'stem') return { convolution: 'conv1', norm: 'bn1' };
    const [, stage = '', block = '', place = ''] = /^stages\.(\d+)\.blocks\.(\d+)\.(.+)$/.exec(name) ?? [];
    const prefix = `layer${Number(stage) + 1}.${block}.`;
    if (place === 'shortcut') return { convolution: `${prefix}downsample.0`, norm: `${prefix}downsample.1` };
    const number = Number(place.replace('convolutions.', '')) + 1;
    return { convolution: `${prefix}conv${number}`, norm: `${prefix}bn${number}` };
  },
};

/** timm's and torchvision's tensor for a parameter of `cnn/resnet-params`. */
export function torchResNetTensor(parameter: string): TorchTensor {
  return convNormTensor(parameter, NAMES);
}

function matches(names: ReadonlySet<string>): boolean {
  return names.has('conv1.weight') && names.has('layer1.0.conv1.weight');
}

/** `torchvision.models.resnet*`, whose checkpoints are bare tensors. */
export const torchvisionResNet: Family<ResNetConfig> = {
  name: 'torchvision ResNet',
  matches: (names, config) => matches(names) && config === undefined,
  describe({ arrays, where }) {
    const config = resNetShape(arrays, where, NAMES);
    const side = config.stem.maxPool ? 224 : 32;
    const resize = resizeOf(where);
    return {
      architecture: resNetName(config),
      config,
      imageSize: { height: side, width: side },
      labels: undefined,
      preprocessingAt: torchvisionPreset(resize),
      assumption: recipeNote(resize),
      ...convNormSources(NAMES),
    } satisfies Description<ResNetConfig>;
  },
};

/** What timm can ask of a ResNet beyond what its tensors show: all but the usual is refused. */
const TimmResNet = z.object({
  ...TimmBase.shape,
  global_pool: z.literal('avg').default('avg'),
  model_args: z
    .object({
      act_layer: z.literal('relu').optional(),
      output_stride: z.literal(32).optional(),
      aa_layer: z.never().optional(),
      avg_down: z.literal(false).optional(),
      block_args: z.never().optional(),
      // Of the ResNets that patchlens trains, for which timm has no words.
      downsample: z.enum(['stride', 'max-pool']).optional(),
      strides: z.array(z.int().min(1).max(MOST_STRIDE)).optional(),
    })
    .default({}),
});

/** ResNets without the changes of ResNet-C, -D and their kin, some of which have no tensors. */
const PLAIN = /^(?:wide_)?resnet\d+(?:_\d+)?$/;

/** ResNet as pytorch-image-models publishes it: torchvision's names, `config.json` with `pretrained_cfg`. */
export const timmResNet: Family<ResNetConfig> = {
  name: 'timm ResNet',
  matches: (names, config) => matches(names) && config !== undefined,
  describe(checkpoint) {
    const { arrays, where } = checkpoint;
    const published = parseTimmConfig(TimmResNet, checkpoint);
    if (!PLAIN.test(published.architecture)) {
      throw new ConfigError(
        `${where}: config.json: architecture: expected a plain ResNet (resnet18, resnet34, resnet50 …), got ${published.architecture}`,
      );
    }
    const { downsample = 'stride', strides } = published.model_args;
    const config = resNetShape(arrays, where, NAMES, { downsample, strideOf: (stage) => strides?.[stage] });
    if (strides !== undefined && strides.length !== config.stages.length) {
      throw new ConfigError(
        `${where}: config.json: model_args: strides: expected one for each of ${config.stages.length} stages, got ${strides.length}`,
      );
    }
    return {
      architecture: published.architecture,
      config,
      imageSize: timmImageSize(published),
      labels: timmLabels(published, config.numClasses, where),
      preprocessingAt: (imageSize) => timmPreprocessing(published.pretrained_cfg, imageSize),
      ...convNormSources(NAMES),
    } satisfies Description<ResNetConfig>;
  },
};
