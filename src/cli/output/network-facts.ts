import type { ConvNeXtConfig, MobileNetV2Config, ModelInfo, ResNetConfig, TfjsConfig, ViTConfig } from '../../index.ts';
import type { Fact } from './facts.ts';
import { count } from './numbers.ts';

/** What a network is made of. */
export function networkFacts(config: ModelInfo['config']): Fact[] {
  switch (config.kind) {
    case 'vit':
      return vitFacts(config);
    case 'resnet':
      return resNetFacts(config);
    case 'mobilenet-v2':
      return mobileNetFacts(config);
    case 'convnext':
      return convNeXtFacts(config);
    case 'tfjs':
      return tfjsFacts(config);
  }
}

function vitFacts({ imageSize, patchSize, depth, dim, numHeads, mlp, positions, pooling }: ViTConfig): Fact[] {
  const patches = (imageSize.height / patchSize) * (imageSize.width / patchSize);
  return [
    ['Patches', `${count(patches)} of ${patchSize} x ${patchSize} pixels`],
    ['Encoder', `${depth} blocks, width ${dim}, ${numHeads} heads, MLP ${mlp.hiddenDim}`],
    ['Positions', POSITIONS[positions.kind]],
    ['Pooling', POOLING[pooling.kind]],
  ];
}

const POSITIONS: Record<ViTConfig['positions']['kind'], string> = {
  learned: 'learned',
  'sincos-1d': 'sines and cosines of the patch index',
  'sincos-2d': 'sines and cosines of row and column',
  relative: 'a learned bias by the offset between two patches',
  'relative-quadratic': 'a bias quadratic in the offset between two patches',
  'rotary-2d': 'queries and keys turned by row and column',
  none: 'none',
};

const POOLING: Record<ViTConfig['pooling']['kind'], string> = {
  'class-token': 'class token',
  mean: 'mean of the patch tokens',
  'class-token-and-mean': 'class token beside the mean of the patch tokens',
  distilled: 'class token and distillation token, logits averaged',
};

function resNetFacts({ stem, stages, block, downsample }: ResNetConfig): Fact[] {
  const { kernelSize: k, stride, width, maxPool } = stem;
  return [
    ['Stem', `${k} x ${k} convolution of stride ${stride}, ${width} channels${maxPool ? ', max pool' : ''}`],
    ['Stages', `${stages.map(({ depth }) => depth).join(', ')} ${block} blocks of ${widths(stages)} channels`],
    ...(downsample === 'max-pool'
      ? [['Downsampling', `max pools of ${stages.map((stage) => stage.stride).join(', ')} pixels`] as const]
      : []),
    ['Pooling', 'mean of all positions'],
  ];
}

function widths(stages: ResNetConfig['stages']): string {
  return stages.map(({ outWidth }) => count(outWidth)).join(', ');
}

function mobileNetFacts({ stemWidth, blocks, lastWidth, padding }: MobileNetV2Config): Fact[] {
  const channels = [stemWidth, blocks.at(-1)?.width ?? 0, lastWidth].map(count).join(', ');
  return [
    ['Blocks', `${blocks.length} inverted residuals`],
    ['Channels', `${channels} (stem, last block, last convolution)`],
    ['Padding', padding === 'same' ? 'as TensorFlow pads: the odd pixel at the end' : 'the same on every side'],
    ['Pooling', 'mean of all positions'],
  ];
}

function convNeXtFacts({ patchSize, kernelSize, stages }: ConvNeXtConfig): Fact[] {
  return [
    ['Patches', `of ${patchSize} x ${patchSize} pixels`],
    [
      'Stages',
      `${stages.map(({ depth }) => depth).join(', ')} blocks of ${stages.map(({ width }) => width).join(', ')} channels`,
    ],
    ['Filters', `${kernelSize} x ${kernelSize}, depthwise`],
    ['Pooling', 'mean of all positions'],
  ];
}

function tfjsFacts({ format, numSteps, output }: TfjsConfig): Fact[] {
  return [
    ['Network', `${count(numSteps)} ${format === 'layers-model' ? 'layers' : 'operations'}`],
    ['Outputs', output],
  ];
}
