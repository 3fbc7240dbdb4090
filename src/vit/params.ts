import type { Tensor } from '@tensorflow/tfjs-core';

import type { EncoderBlockParams } from '../nn/encoder-block.ts';
import type { LinearParams } from '../nn/linear.ts';
import type { MlpParams } from '../nn/mlp.ts';
import type { NormParams } from '../nn/norm.ts';
import type { SelfAttentionParams } from '../nn/self-attention.ts';
import type { ViTConfig } from '../weights/architecture.ts';
import { geometryOf } from './geometry.ts';

/** The parameters of a Vision Transformer, as nested records with a tensor (or whatever `T` is) at each leaf. */
export interface ViTParams<T = Tensor> {
  /** kernel [P²·C, D]: a flattened patch is (row, column, channel). */
  readonly patchEmbedding: LinearParams<T>;
  /** [1, 1, D] */
  readonly classToken?: T | undefined;
  /** [1, 1, D] */
  readonly distillationToken?: T | undefined;
  /** [1, numRegisters, D] */
  readonly registers?: T | undefined;
  /** [1, numPrefix + N, D] at the configuration's image size. */
  readonly positions?: T | undefined;
  readonly inputNorm?: NormParams<T> | undefined;
  readonly blocks: readonly EncoderBlockParams<T>[];
  readonly norm: NormParams<T>;
  readonly head: LinearParams<T>;
  readonly distillationHead?: LinearParams<T> | undefined;
}

/** Makes one leaf from its dotted name, which is its path in the tree, and its shape. */
export type Leaf<T> = (name: string, shape: readonly number[]) => T;

/** Builds the tree of a configuration: the one place that says which parameters there are and what shape they have. */
export function vitParams<T>(config: ViTConfig, leaf: Leaf<T>): ViTParams<T> {
  const { dim: D, depth, numClasses, prefix, positions, pooling } = config;
  const { numPatches, patchDim } = geometryOf(config);
  const { linear, norm } = layersOf(leaf);
  const headDim = pooling.kind === 'class-token-and-mean' ? 2 * D : D;
  return {
    patchEmbedding: linear('patchEmbedding', patchDim, D, config.patchBias),
    classToken: prefix.classToken ? leaf('classToken', [1, 1, D]) : undefined,
    distillationToken: prefix.distillationToken ? leaf('distillationToken', [1, 1, D]) : undefined,
    registers: prefix.numRegisters > 0 ? leaf('registers', [1, prefix.numRegisters, D]) : undefined,
    positions: positions.kind === 'learned' ? leaf('positions', [1, positions.numPrefix + numPatches, D]) : undefined,
    inputNorm: config.inputNorm ? norm('inputNorm', D) : undefined,
    blocks: Array.from({ length: depth }, (_, i) => blockParams(`blocks.${i}`, config, leaf)),
    norm: norm('norm', D),
    head: linear('head', headDim, numClasses),
    distillationHead: pooling.kind === 'distilled' ? linear('distillationHead', D, numClasses) : undefined,
  };
}

function blockParams<T>(name: string, config: ViTConfig, leaf: Leaf<T>): EncoderBlockParams<T> {
  const { dim: D, layerScale } = config;
  const { norm } = layersOf(leaf);
  return {
    norm1: norm(`${name}.norm1`, D),
    attention: attentionParams(`${name}.attention`, config, leaf),
    scale1: layerScale ? leaf(`${name}.scale1`, [D]) : undefined,
    norm2: norm(`${name}.norm2`, D),
    mlp: mlpParams(`${name}.mlp`, config, leaf),
    scale2: layerScale ? leaf(`${name}.scale2`, [D]) : undefined,
  };
}

function attentionParams<T>(name: string, config: ViTConfig, leaf: Leaf<T>): SelfAttentionParams<T> {
  const { dim: D, numHeads, qkvBias, qkNorm } = config;
  const { linear, norm } = layersOf(leaf);
  return {
    query: linear(`${name}.query`, D, D, qkvBias),
    key: linear(`${name}.key`, D, D, qkvBias),
    value: linear(`${name}.value`, D, D, qkvBias),
    queryNorm: qkNorm ? norm(`${name}.queryNorm`, D / numHeads) : undefined,
    keyNorm: qkNorm ? norm(`${name}.keyNorm`, D / numHeads) : undefined,
    output: linear(`${name}.output`, D, D),
  };
}

function mlpParams<T>(name: string, { dim: D, mlp }: ViTConfig, leaf: Leaf<T>): MlpParams<T> {
  const { linear } = layersOf(leaf);
  return {
    gate: mlp.kind === 'swiglu' ? linear(`${name}.gate`, D, mlp.hiddenDim) : undefined,
    hidden: linear(`${name}.hidden`, D, mlp.hiddenDim),
    output: linear(`${name}.output`, mlp.hiddenDim, D),
  };
}

function layersOf<T>(leaf: Leaf<T>) {
  return {
    linear: (name: string, from: number, to: number, bias = true): LinearParams<T> => ({
      kernel: leaf(`${name}.kernel`, [from, to]),
      bias: bias ? leaf(`${name}.bias`, [to]) : undefined,
    }),
    norm: (name: string, width: number): NormParams<T> => ({
      scale: leaf(`${name}.scale`, [width]),
      bias: leaf(`${name}.bias`, [width]),
    }),
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
