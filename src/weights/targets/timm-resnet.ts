import type { NamedArray } from '../arrays.ts';
import { usualStride } from '../cnn-architecture.ts';
import type { ResNetConfig } from '../cnn-architecture.ts';
import { torchResNetTensor } from '../families/resnet.ts';
import { resNetName } from '../families/resnet-shape.ts';
import type { Preprocessing } from '../preprocessing.ts';
import { torchTensors } from '../torch-tensor.ts';
import type { ModelFiles } from '../write-model.ts';
import { pretrainedConfig } from './timm-recipe.ts';

/**
 * A ResNet under timm's names, with a configuration of timm's form. timm itself has no class for the 3×3 stem of small
 * images, nor arguments for other strides and pools: such a network is one that patchlens reads.
 */
export function publishTimmResNet(
  config: ResNetConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  parameter: (name: string) => NamedArray,
  {
    classes,
    preprocessing,
  }: { readonly classes: readonly string[] | undefined; readonly preprocessing: Preprocessing },
): ModelFiles {
  const published = {
    architecture: resNetName(config).toLowerCase().replace('-', ''),
    num_classes: config.numClasses,
    num_features: config.stages.at(-1)?.outWidth,
    global_pool: 'avg',
    ...(classes && { label_names: classes }),
    ...(!hasUsualStages(config) && {
      model_args: { downsample: config.downsample, strides: config.stages.map(({ stride }) => stride) },
    }),
    pretrained_cfg: {
      ...pretrainedConfig(config, { imageSize: preprocessing.imageSize, preprocessing }),
      first_conv: 'conv1',
      classifier: 'fc',
    },
  };
  // No patch is flattened in a ResNet.
  return {
    config: published,
    tensors: torchTensors(shapes, torchResNetTensor, parameter, { patchSize: 0, numChannels: config.numChannels }),
  };
}

/** Whether its stages shrink as those of timm's ResNets do. */
export function hasUsualStages({ downsample, stages }: ResNetConfig): boolean {
  return downsample === 'stride' && stages.every(({ stride }, i) => stride === usualStride(i));
}
