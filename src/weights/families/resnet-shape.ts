import { ConfigError } from '../../errors.ts';
import { shapeOf } from '../arrays.ts';
import type { NamedArrays } from '../arrays.ts';
import { usualStride } from '../cnn-architecture.ts';
import type { ResNetConfig, ResNetStage } from '../cnn-architecture.ts';
import type { ConvNetNames } from './conv-norm-names.ts';

/** What the tensors do not show. */
export interface ResNetUnseen {
  readonly bottleneckStride?: ResNetConfig['bottleneckStride'];
  readonly downsample?: ResNetConfig['downsample'];
  /** Of a stage; undefined where it is the usual one. */
  readonly strideOf?: (stage: number) => number | undefined;
}

/** Reads a ResNet's shape off its tensors. @throws WeightsError, ConfigError when they are those of no ResNet. */
export function resNetShape(
  arrays: NamedArrays,
  where: string,
  { unit, head }: ConvNetNames,
  { bottleneckStride = 'middle', downsample = 'stride', strideOf = () => undefined }: ResNetUnseen = {},
): ResNetConfig {
  const kernel = (name: string): readonly number[] => shapeOf(arrays, `${unit(name).convolution}.weight`, 4, where);
  const has = (name: string): boolean => arrays.has(`${unit(name).convolution}.weight`);
  const [width = 0, numChannels = 0, kernelSize = 0] = kernel('stem');
  const [numClasses = 0] = shapeOf(arrays, `${head}.weight`, 2, where);
  const block = has('stages.0.blocks.0.convolutions.2') ? 'bottleneck' : 'basic';
  const stages: ResNetStage[] = [];
  for (let i = 0; has(`stages.${i}.blocks.0.convolutions.0`); i += 1) {
    const first = `stages.${i}.blocks.0.convolutions`;
    const [middle = 0, into = 0] = kernel(block === 'basic' ? `${first}.0` : `${first}.1`);
    if (block === 'bottleneck' && into !== middle) {
      throw new ConfigError(`${where}: expected a ResNet of plain convolutions, got one in groups (ResNeXt)`);
    }
    const [outWidth = 0] = kernel(`${first}.${block === 'basic' ? 1 : 2}`);
    let depth = 1;
    while (has(`stages.${i}.blocks.${depth}.convolutions.0`)) depth += 1;
    stages.push({ depth, width: middle, outWidth, stride: strideOf(i) ?? usualStride(i) });
  }
  // A stem of 3×3 is that of small images (He et al. 2016, section 4.2), which does not shrink them.
  const forSmall = kernelSize === 3;
  const stem = { width, kernelSize, stride: forSmall ? 1 : 2, maxPool: !forSmall };
  return { kind: 'resnet', numChannels, numClasses, stem, block, bottleneckStride, downsample, stages, epsilon: 1e-5 };
}

/** As the paper counts: every convolution on the way and the head. */
export function resNetName({ block, stages }: ResNetConfig): string {
  const blocks = stages.reduce((total, { depth }) => total + depth, 0);
  return `ResNet-${blocks * (block === 'basic' ? 2 : 3) + 2}`;
}
