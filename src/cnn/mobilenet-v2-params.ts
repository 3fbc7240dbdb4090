import type { Tensor } from '@tensorflow/tfjs-core';

import type { LinearParams } from '../nn/linear.ts';
import type { MobileNetV2Config } from '../weights/cnn-architecture.ts';
import type { ConvNormParams } from './conv-norm.ts';
import { convNormOf, linearOf } from './leaves.ts';
import type { Leaf, UnitOf } from './leaves.ts';

/** The parameters of a MobileNetV2; `Unit` is what a convolution with its norm is. */
export interface MobileNetV2Params<T = Tensor, Unit = ConvNormParams<T>> {
  readonly stem: Unit;
  readonly blocks: readonly InvertedResidualParams<Unit>[];
  /** 1×1, after the blocks. */
  readonly last: Unit;
  /** [C, classes] */
  readonly head: LinearParams<T>;
}

export interface InvertedResidualParams<Unit> {
  /** 1×1, to the wider middle. */
  readonly expand?: Unit | undefined;
  /** 3×3, each channel by itself. */
  readonly depthwise: Unit;
  /** 1×1, to the narrow ends; no activation follows. */
  readonly project: Unit;
}

/** Builds the tree of a configuration: the one place that says which parameters there are and what shape they have. */
export function mobileNetV2Params<T>(config: MobileNetV2Config, leaf: Leaf<T>): MobileNetV2Params<T> {
  return mobileNetV2Tree(config, leaf, (...unit) => convNormOf(leaf, ...unit));
}

/** `mobileNetV2Params` with another way of making a convolution with its norm. */
export function mobileNetV2Tree<T, Unit>(
  { numChannels, stemWidth, blocks, lastWidth, numClasses }: MobileNetV2Config,
  leaf: Leaf<T>,
  unit: UnitOf<Unit>,
): MobileNetV2Params<T, Unit> {
  return {
    stem: unit('stem', [3, 3, numChannels, stemWidth], stemWidth),
    blocks: blocks.map(({ hidden, width, expands }, i) => {
      const from = blocks[i - 1]?.width ?? stemWidth;
      return {
        expand: expands ? unit(`blocks.${i}.expand`, [1, 1, from, hidden], hidden) : undefined,
        depthwise: unit(`blocks.${i}.depthwise`, [3, 3, hidden, 1], hidden),
        project: unit(`blocks.${i}.project`, [1, 1, hidden, width], width),
      };
    }),
    last: unit('last', [1, 1, blocks.at(-1)?.width ?? stemWidth, lastWidth], lastWidth),
    head: linearOf(leaf, 'head', [lastWidth, numClasses]),
  };
}
