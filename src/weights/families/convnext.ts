import * as z from 'zod';

import { reshaped, shapeOf } from '../arrays.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { ConvNeXtConfig, ConvNeXtStage } from '../cnn-architecture.ts';
import type { Description, Family, Source } from '../family.ts';
import { sourceFrom } from '../torch-tensor.ts';
import { parseTimmConfig, TimmBase, timmImageSize, timmLabels, timmPreprocessing } from './timm-config.ts';
import { torchvisionPreset } from './torchvision-preset.ts';

/** The modules of a library for those of the tree of `cnn/convnext-params`: `stages.0.blocks.1.norm` → its name there. */
type ModuleName = (module: string) => string;

/** ConvNeXt as pytorch-image-models publishes it. */
export const timmConvNeXt: Family<ConvNeXtConfig> = {
  name: 'timm ConvNeXt',
  matches: (names) => names.has('stem.0.weight') && names.has('stages.0.blocks.0.conv_dw.weight'),
  describe(checkpoint) {
    const published = parseTimmConfig(TimmConvNeXt, checkpoint);
    const config = configOf(checkpoint, timmName, published.model_args.norm_eps ?? EPSILON);
    return {
      architecture: published.architecture,
      config,
      imageSize: timmImageSize(published),
      labels: timmLabels(published, config.numClasses, checkpoint.where),
      preprocessingAt: (imageSize) => timmPreprocessing(published.pretrained_cfg, imageSize),
      sourceOf: (parameter) => sourceOf(parameter, timmName),
      unused: [],
    } satisfies Description<ConvNeXtConfig>;
  },
};

/** `torchvision.models.convnext_*`, whose checkpoints are bare tensors. */
export const torchvisionConvNeXt: Family<ConvNeXtConfig> = {
  name: 'torchvision ConvNeXt',
  matches: (names) => names.has('features.0.0.weight') && names.has('features.1.0.layer_scale'),
  describe(checkpoint) {
    const config = configOf(checkpoint, torchvisionName, EPSILON);
    const { name, resizeSize } = sizeOf(config);
    return {
      architecture: name,
      config,
      imageSize: { height: 224, width: 224 },
      labels: undefined,
      preprocessingAt: torchvisionPreset(resizeSize),
      assumption:
        `torchvision checkpoints say nothing of preprocessing: the recipe of ${name} ` +
        `(resize ${resizeSize}, crop 224, bilinear) is assumed`,
      sourceOf: (parameter) => sourceOf(parameter, torchvisionName),
      unused: [],
    } satisfies Description<ConvNeXtConfig>;
  },
};

const EPSILON = 1e-6;

/** What timm can ask of a ConvNeXt beyond what its tensors show: all but the usual is refused. */
const TimmConvNeXt = z.object({
  ...TimmBase.shape,
  architecture: z.string().regex(/^convnext_/, 'expected a ConvNeXt'),
  global_pool: z.literal('avg').default('avg'),
  model_args: z
    .object({
      norm_eps: z.number().positive().max(0.1).optional(),
      act_layer: z.literal('gelu').optional(),
      output_stride: z.literal(32).optional(),
      stem_type: z.literal('patch').optional(),
      norm_layer: z.never().optional(),
      dilations: z.never().optional(),
    })
    .default({}),
});

const timmName: ModuleName = (module) => {
  switch (module) {
    case 'stem.convolution':
      return 'stem.0';
    case 'stem.norm':
      return 'stem.1';
    case 'norm':
      return 'head.norm';
    case 'head':
      return 'head.fc';
    default:
      return module.replace(/[^.]+$/, (last) => TIMM[last] ?? last).replace('downsample.norm', 'downsample.0');
  }
};

const TIMM: Readonly<Record<string, string>> = {
  convolution: '1',
  depthwise: 'conv_dw',
  hidden: 'mlp.fc1',
  output: 'mlp.fc2',
  scale: 'gamma',
};

/** Stages and the downsamplings between them are numbered in one row. */
const torchvisionName: ModuleName = (module) => {
  if (module === 'stem.convolution') return 'features.0.0';
  if (module === 'stem.norm') return 'features.0.1';
  if (module === 'norm') return 'classifier.0';
  if (module === 'head') return 'classifier.2';
  const [, stage = '', block = '', part = ''] =
    /^stages\.(\d+)\.(?:blocks\.(\d+)|downsample)\.(\w+)$/.exec(module) ?? [];
  if (block === '') return `features.${2 * Number(stage)}.${part === 'norm' ? 0 : 1}`;
  return `features.${2 * Number(stage) + 1}.${block}.${TORCHVISION[part] ?? part}`;
};

const TORCHVISION: Readonly<Record<string, string>> = {
  depthwise: 'block.0',
  norm: 'block.2',
  hidden: 'block.3',
  output: 'block.5',
  scale: 'layer_scale',
};

function configOf({ arrays, where }: Checkpoint, nameOf: ModuleName, epsilon: number): ConvNeXtConfig {
  const kernel = (module: string): readonly number[] => shapeOf(arrays, `${nameOf(module)}.weight`, 4, where);
  const [, numChannels = 0, patchSize = 0] = kernel('stem.convolution');
  const [, , kernelSize = 0] = kernel('stages.0.blocks.0.depthwise');
  const [numClasses = 0] = shapeOf(arrays, `${nameOf('head')}.weight`, 2, where);
  const stages: ConvNeXtStage[] = [];
  const has = (stage: number, block: number): boolean =>
    arrays.has(`${nameOf(`stages.${stage}.blocks.${block}.depthwise`)}.weight`);
  for (let i = 0; has(i, 0); i += 1) {
    const [width = 0] = kernel(`stages.${i}.blocks.0.depthwise`);
    const hiddenDim = arrays.get(`${nameOf(`stages.${i}.blocks.0.hidden`)}.weight`)?.shape[0] ?? 0;
    let depth = 1;
    while (has(i, depth)) depth += 1;
    stages.push({ depth, width, hiddenDim });
  }
  const layerScale = arrays.has(nameOf('stages.0.blocks.0.scale'));
  return { kind: 'convnext', numChannels, numClasses, patchSize, kernelSize, stages, layerScale, epsilon };
}

function sourceOf(parameter: string, nameOf: ModuleName): Source {
  // [C, 1, 1] in torchvision.
  if (/\.blocks\.\d+\.scale$/.test(parameter)) {
    return { name: nameOf(parameter), convert: (array) => reshaped(array, [array.data.length]) };
  }
  const [, module = '', leaf = ''] = /^(.+)\.(\w+)$/.exec(parameter) ?? [];
  if (leaf !== 'kernel')
    return sourceFrom({ name: `${nameOf(module)}.${leaf === 'bias' ? 'bias' : 'weight'}`, layout: 'same' });
  return sourceFrom({ name: `${nameOf(module)}.weight`, layout: layoutOf(module) });
}

function layoutOf(module: string): 'depthwise' | 'convolution' | 'linear' {
  if (module.endsWith('depthwise')) return 'depthwise';
  return module.endsWith('convolution') ? 'convolution' : 'linear';
}

/** torchvision's sizes, each with a recipe of its own; what is none of them gets that of the larger two. */
function sizeOf({ stages }: ConvNeXtConfig): { name: string; resizeSize: number } {
  const shape = `${stages[0]?.width}/${stages.map(({ depth }) => depth).join('-')}`;
  switch (shape) {
    case '96/3-3-9-3':
      return { name: 'convnext_tiny', resizeSize: 236 };
    case '96/3-3-27-3':
      return { name: 'convnext_small', resizeSize: 230 };
    case '192/3-3-27-3':
      return { name: 'convnext_large', resizeSize: 232 };
    default:
      return { name: 'convnext_base', resizeSize: 232 };
  }
}
