import type { Tensor } from '@tensorflow/tfjs-core';

import type { LinearParams } from '../nn/linear.ts';
import type { ResNetConfig, ResNetStage } from '../weights/cnn-architecture.ts';
import type { ConvNormParams } from './conv-norm.ts';
import { convNormOf, linearOf } from './leaves.ts';
import type { Leaf, UnitOf } from './leaves.ts';

/** The parameters of a ResNet; `Unit` is what a convolution with its norm is. */
export interface ResNetParams<T = Tensor, Unit = ConvNormParams<T>> {
  readonly stem: Unit;
  readonly stages: readonly { readonly blocks: readonly ResidualParams<Unit>[] }[];
  /** [C, classes] */
  readonly head: LinearParams<T>;
}

export interface ResidualParams<Unit> {
  /** Two of a basic block, three of a bottleneck. */
  readonly convolutions: readonly Unit[];
  /** 1×1, where the block changes the size or the number of channels. */
  readonly shortcut?: Unit | undefined;
}

/** Builds the tree of a configuration: the one place that says which parameters there are and what shape they have. */
export function resNetParams<T>(config: ResNetConfig, leaf: Leaf<T>): ResNetParams<T> {
  return resNetTree(config, leaf, (...unit) => convNormOf(leaf, ...unit));
}

/** `resNetParams` with another way of making a convolution with its norm. */
export function resNetTree<T, Unit>(
  { stem, stages, block, numChannels, numClasses }: ResNetConfig,
  leaf: Leaf<T>,
  unit: UnitOf<Unit>,
): ResNetParams<T, Unit> {
  let width = stem.width;
  const stagesOf = stages.map((stage, i) => {
    const from = width;
    width = stage.outWidth;
    return { blocks: stageBlocks(`stages.${i}.blocks`, { ...stage, from, block }, unit) };
  });
  return {
    stem: unit('stem', [stem.kernelSize, stem.kernelSize, numChannels, stem.width], stem.width),
    stages: stagesOf,
    head: linearOf(leaf, 'head', [width, numClasses]),
  };
}

interface StageShape extends ResNetStage {
  /** Channels that come in. */
  readonly from: number;
  readonly block: ResNetConfig['block'];
}

function stageBlocks<Unit>(
  name: string,
  { depth, width, outWidth, stride, from, block }: StageShape,
  unit: UnitOf<Unit>,
): ResidualParams<Unit>[] {
  return Array.from({ length: depth }, (_, i) => {
    const into = i === 0 ? from : outWidth;
    const shapes =
      block === 'basic'
        ? [
            [3, into, width],
            [3, width, outWidth],
          ]
        : [
            [1, into, width],
            [3, width, width],
            [1, width, outWidth],
          ];
    const projects = i === 0 && (stride !== 1 || into !== outWidth);
    return {
      convolutions: shapes.map(([k = 0, C = 0, out = 0], j) =>
        unit(`${name}.${i}.convolutions.${j}`, [k, k, C, out], out),
      ),
      shortcut: projects ? unit(`${name}.${i}.shortcut`, [1, 1, into, outWidth], outWidth) : undefined,
    };
  });
}
