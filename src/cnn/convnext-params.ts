import type { Tensor } from '@tensorflow/tfjs-core';

import type { ConvolutionParams } from '../nn/convolution.ts';
import type { LinearParams } from '../nn/linear.ts';
import type { NormParams } from '../nn/norm.ts';
import type { ConvNeXtConfig, ConvNeXtStage } from '../weights/cnn-architecture.ts';
import { linearOf } from './leaves.ts';
import type { Leaf } from './leaves.ts';

export interface ConvNeXtParams<T = Tensor> {
  readonly stem: NormedConvolutionParams<T>;
  readonly stages: readonly ConvNeXtStageParams<T>[];
  /** After the pooling. */
  readonly norm: NormParams<T>;
  /** [C, classes] */
  readonly head: LinearParams<T>;
}

interface NormedConvolutionParams<T> {
  readonly convolution: ConvolutionParams<T>;
  /** Of what the stem gives; of what a downsampling takes. */
  readonly norm: NormParams<T>;
}

export interface ConvNeXtStageParams<T = Tensor> {
  /** A norm and a 2×2 convolution of stride 2, before the blocks; not in the first stage. */
  readonly downsample?: NormedConvolutionParams<T> | undefined;
  readonly blocks: readonly ConvNeXtBlockParams<T>[];
}

export interface ConvNeXtBlockParams<T = Tensor> {
  /** [k, k, C, 1] */
  readonly depthwise: ConvolutionParams<T>;
  readonly norm: NormParams<T>;
  /** [C, hidden] */
  readonly hidden: LinearParams<T>;
  /** [hidden, C] */
  readonly output: LinearParams<T>;
  /** [C]: factor of the branch. */
  readonly scale?: T | undefined;
}

/** Builds the tree of a configuration: the one place that says which parameters there are and what shape they have. */
export function convNeXtParams<T>(config: ConvNeXtConfig, leaf: Leaf<T>): ConvNeXtParams<T> {
  const { stages, patchSize, numChannels, numClasses } = config;
  const first = stages[0]?.width ?? 0;
  const last = stages.at(-1)?.width ?? 0;
  return {
    stem: {
      convolution: convolutionOf(leaf, 'stem.convolution', [patchSize, patchSize, numChannels, first], first),
      norm: normOf(leaf, 'stem.norm', first),
    },
    stages: stages.map((stage, i) =>
      stageParams(`stages.${i}`, { ...stage, from: stages[i - 1]?.width }, config, leaf),
    ),
    norm: normOf(leaf, 'norm', last),
    head: linearOf(leaf, 'head', [last, numClasses]),
  };
}

interface StageShape extends ConvNeXtStage {
  /** Channels of the stage before; undefined in the first. */
  readonly from: number | undefined;
}

function stageParams<T>(
  name: string,
  { depth, width: C, hiddenDim, from }: StageShape,
  { kernelSize: k, layerScale }: ConvNeXtConfig,
  leaf: Leaf<T>,
): ConvNeXtStageParams<T> {
  const downsample = from !== undefined && {
    norm: normOf(leaf, `${name}.downsample.norm`, from),
    convolution: convolutionOf(leaf, `${name}.downsample.convolution`, [2, 2, from, C], C),
  };
  const blocks = Array.from({ length: depth }, (_, j): ConvNeXtBlockParams<T> => {
    const block = `${name}.blocks.${j}`;
    return {
      depthwise: convolutionOf(leaf, `${block}.depthwise`, [k, k, C, 1], C),
      norm: normOf(leaf, `${block}.norm`, C),
      hidden: linearOf(leaf, `${block}.hidden`, [C, hiddenDim]),
      output: linearOf(leaf, `${block}.output`, [hiddenDim, C]),
      scale: layerScale ? leaf(`${block}.scale`, [C]) : undefined,
    };
  });
  return { downsample: downsample || undefined, blocks };
}

function convolutionOf<T>(leaf: Leaf<T>, name: string, shape: readonly number[], C: number): ConvolutionParams<T> {
  return { kernel: leaf(`${name}.kernel`, shape), bias: leaf(`${name}.bias`, [C]) };
}

function normOf<T>(leaf: Leaf<T>, name: string, C: number): NormParams<T> {
  return { scale: leaf(`${name}.scale`, [C]), bias: leaf(`${name}.bias`, [C]) };
}
