import type { Tensor } from '@tensorflow/tfjs-core';

import type { EncoderBlockParams } from '../nn/encoder-block.ts';
import type { LinearParams } from '../nn/linear.ts';
import type { NormParams } from '../nn/norm.ts';
import type { ViTConfig } from '../weights/architecture.ts';
import { geometryOf } from './geometry.ts';

/** The parameters of a Vision Transformer, as nested records with a tensor (or whatever `T` is) at each leaf. */
export interface ViTParams<T = Tensor> {
  /** kernel [P²·C, D]: a flattened patch is (row, column, channel). */
  readonly patchEmbedding: LinearParams<T>;
  /** [1, 1, D] */
  readonly classToken?: T | undefined;
  /** [1, N, D], for the prefix and the grid at the configuration's image size. */
  readonly positions?: T | undefined;
  readonly blocks: readonly EncoderBlockParams<T>[];
  readonly norm: NormParams<T>;
  readonly head: LinearParams<T>;
}

/** Makes one leaf from its dotted name, which is its path in the tree, and its shape. */
export type Leaf<T> = (name: string, shape: readonly number[]) => T;

/** Builds the tree of a configuration: the one place that says which parameters there are and what shape they have. */
export function vitParams<T>(config: ViTConfig, leaf: Leaf<T>): ViTParams<T> {
  const { dim: D, mlpDim, depth, numClasses, qkvBias } = config;
  const { numTokens, patchDim } = geometryOf(config);
  const linear = (name: string, from: number, to: number, bias = true): LinearParams<T> => ({
    kernel: leaf(`${name}.kernel`, [from, to]),
    bias: bias ? leaf(`${name}.bias`, [to]) : undefined,
  });
  const norm = (name: string): NormParams<T> => ({
    scale: leaf(`${name}.scale`, [D]),
    bias: leaf(`${name}.bias`, [D]),
  });
  const block = (name: string): EncoderBlockParams<T> => ({
    norm1: norm(`${name}.norm1`),
    attention: {
      query: linear(`${name}.attention.query`, D, D, qkvBias),
      key: linear(`${name}.attention.key`, D, D, qkvBias),
      value: linear(`${name}.attention.value`, D, D, qkvBias),
      output: linear(`${name}.attention.output`, D, D),
    },
    norm2: norm(`${name}.norm2`),
    mlp: {
      hidden: linear(`${name}.mlp.hidden`, D, mlpDim),
      output: linear(`${name}.mlp.output`, mlpDim, D),
    },
  });
  return {
    patchEmbedding: linear('patchEmbedding', patchDim, D),
    classToken: config.classToken ? leaf('classToken', [1, 1, D]) : undefined,
    positions: config.positions.kind === 'learned' ? leaf('positions', [1, numTokens, D]) : undefined,
    blocks: Array.from({ length: depth }, (_, i) => block(`blocks.${i}`)),
    norm: norm('norm'),
    head: linear('head', D, numClasses),
  };
}

/** Every parameter's shape by its dotted name, without making any. */
export function paramShapes(config: ViTConfig): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  vitParams(config, (name, shape) => shapes.set(name, shape));
  return shapes;
}

/** Exact number of trained values, as the reference libraries count them. */
export function countParameters(config: ViTConfig): number {
  let count = 0;
  for (const shape of paramShapes(config).values()) count += shape.reduce((product, size) => product * size, 1);
  return count;
}
