import * as z from 'zod';

import type { NamedArrays } from '../arrays.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { MobileNetV2Config } from '../cnn-architecture.ts';
import type { Description, Family } from '../family.ts';
import { convNormSources } from './conv-norm-names.ts';
import type { ConvNetNames, ConvNormNames } from './conv-norm-names.ts';
import { mobileNetV2Shape } from './mobilenet-v2-shape.ts';
import { parseTimmConfig, TimmBase, timmImageSize, timmLabels, timmPreprocessing } from './timm-config.ts';
import { recipeNote, resizeOf, torchvisionPreset } from './torchvision-preset.ts';

/** `torchvision.models.mobilenet_v2`: bare tensors, or with a timm config.json beside them that says the recipe. */
export const torchvisionMobileNetV2: Family<MobileNetV2Config> = {
  name: 'torchvision MobileNetV2',
  matches: (names) => names.has('features.0.0.weight') && names.has('features.1.conv.0.0.weight'),
  describe(checkpoint) {
    const names = torchvisionNames(checkpoint.arrays);
    if (checkpoint.config !== undefined) return describeAsTimm(checkpoint, names);
    const resize = resizeOf(checkpoint.where);
    const config = mobileNetV2Shape(checkpoint.arrays, checkpoint.where, names, {
      padding: 'symmetric',
      epsilon: TORCH_EPSILON,
    });
    return {
      config,
      ...convNormSources(names),
      architecture: 'mobilenet_v2',
      imageSize: { height: 224, width: 224 },
      labels: undefined,
      preprocessingAt: torchvisionPreset(resize),
      assumption: recipeNote(resize),
    };
  },
};

/** `mobilenetv2_*` of pytorch-image-models. */
export const timmMobileNetV2: Family<MobileNetV2Config> = {
  name: 'timm MobileNetV2',
  matches: (names) =>
    names.has('conv_stem.weight') && names.has('blocks.0.0.conv_pw.weight') && names.has('blocks.1.0.conv_pwl.weight'),
  describe(checkpoint) {
    const { names, strides } = timmNames(checkpoint.arrays);
    return describeAsTimm(checkpoint, names, strides);
  },
};

const TORCH_EPSILON = 1e-5;

const Padding = z.enum(['', 'same']);

const TimmMobileNet = z.object({
  ...TimmBase.shape,
  architecture: z.string().regex(/^mobilenetv2_/, 'expected a MobileNetV2'),
  global_pool: z.literal('avg').default('avg'),
  pad_type: Padding.optional(),
  model_args: z
    .object({
      pad_type: Padding.optional(),
      bn_eps: z.number().positive().max(0.1).optional(),
      act_layer: z.literal('relu6').optional(),
      output_stride: z.literal(32).optional(),
    })
    .default({}),
});

function describeAsTimm(
  checkpoint: Checkpoint,
  names: ConvNetNames,
  strides?: readonly number[],
): Description<MobileNetV2Config> {
  const { arrays, where } = checkpoint;
  const published = parseTimmConfig(TimmMobileNet, checkpoint);
  const { model_args, pad_type } = published;
  const config = mobileNetV2Shape(arrays, where, names, {
    padding: (model_args.pad_type ?? pad_type) === 'same' ? 'same' : 'symmetric',
    epsilon: model_args.bn_eps ?? TORCH_EPSILON,
    ...(strides && { strides }),
  });
  return {
    config,
    ...convNormSources(names),
    architecture: published.architecture,
    imageSize: timmImageSize(published),
    labels: timmLabels(published, config.numClasses, where),
    preprocessingAt: (imageSize) => timmPreprocessing(published.pretrained_cfg, imageSize),
  };
}

/** A block is numbered by what is in it: where nothing expands, the depthwise convolution is the first. */
function torchvisionNames(arrays: NamedArrays): ConvNetNames {
  let numBlocks = 0;
  while (arrays.has(`features.${numBlocks + 1}.conv.0.0.weight`)) numBlocks += 1;
  return {
    head: 'classifier.1',
    unit: (name) => {
      if (name === 'stem') return numbered('features.0');
      if (name === 'last') return numbered(`features.${numBlocks + 1}`);
      const [, block = '', part = ''] = /^blocks\.(\d+)\.(\w+)$/.exec(name) ?? [];
      const prefix = `features.${Number(block) + 1}.conv`;
      const first = arrays.has(`${prefix}.3.weight`) ? 1 : 0;
      if (part === 'expand') return numbered(first === 0 ? `${prefix}.none` : `${prefix}.0`);
      if (part === 'depthwise') return { ...numbered(`${prefix}.${first}`), depthwise: true };
      return { convolution: `${prefix}.${first + 1}`, norm: `${prefix}.${first + 2}` };
    },
  };
}

function numbered(layer: string): ConvNormNames {
  return { convolution: `${layer}.0`, norm: `${layer}.1` };
}

/** Table 2 of the paper, stage by stage. */
const STAGE_STRIDES = [1, 2, 2, 2, 1, 2, 1];

function timmNames(arrays: NamedArrays): { names: ConvNetNames; strides: number[] } {
  const places: string[] = [];
  const strides: number[] = [];
  for (const [stage, stride] of STAGE_STRIDES.entries()) {
    for (let i = 0; arrays.has(`blocks.${stage}.${i}.conv_dw.weight`); i += 1) {
      places.push(`blocks.${stage}.${i}`);
      strides.push(i === 0 ? stride : 1);
    }
  }
  const unit = (name: string): ConvNormNames => {
    if (name === 'stem') return { convolution: 'conv_stem', norm: 'bn1' };
    if (name === 'last') return { convolution: 'conv_head', norm: 'bn2' };
    const [, block = '', part = ''] = /^blocks\.(\d+)\.(\w+)$/.exec(name) ?? [];
    const place = places[Number(block)] ?? `blocks.none.${block}`;
    const [expand, depthwise, project] = arrays.has(`${place}.conv_pwl.weight`) ? EXPANDED : SEPARABLE;
    if (part === 'expand') return inside(place, expand);
    if (part === 'depthwise') return { ...inside(place, depthwise), depthwise: true };
    return inside(place, project);
  };
  return { names: { head: 'classifier', unit }, strides };
}

type Pair = readonly [convolution: string, norm: string];
const EXPANDED: readonly [Pair, Pair, Pair] = [
  ['conv_pw', 'bn1'],
  ['conv_dw', 'bn2'],
  ['conv_pwl', 'bn3'],
];
/** What does not expand has timm's other block, whose projection has the name that the expansion has elsewhere. */
const SEPARABLE: readonly [Pair, Pair, Pair] = [
  ['none', 'none'],
  ['conv_dw', 'bn1'],
  ['conv_pw', 'bn2'],
];

function inside(place: string, [convolution, norm]: Pair): ConvNormNames {
  return { convolution: `${place}.${convolution}`, norm: `${place}.${norm}` };
}
