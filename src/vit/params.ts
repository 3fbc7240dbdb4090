import type { Tensor } from '@tensorflow/tfjs-core';

import type { EncoderBlockParams } from '../nn/encoder-block.ts';
import type { LinearParams } from '../nn/linear.ts';
import type { MlpParams } from '../nn/mlp.ts';
import type { NormParams } from '../nn/norm.ts';
import { numOffsets } from '../nn/relative-positions.ts';
import type { FusedQkv, SelfAttentionParams, SeparateQkv } from '../nn/self-attention.ts';
import type { ViTConfig } from '../weights/architecture.ts';
import { geometryOf } from './geometry.ts';

/** The parameters of a Vision Transformer, as nested records with a tensor (or whatever `T` is) at each leaf. */
export interface ViTParams<T = Tensor> {
  /** Its convolutions [9·in, out], a patch of 3×3 flattened as (row, column, channel). */
  readonly stem?: readonly LinearParams<T>[] | undefined;
  /** kernel [P²·C, D]: a flattened patch is (row, column, channel), of the stem's features where there is one. */
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

/**
 * Builds the tree of a configuration: the one place that says which parameters there are and what shape they have.
 *
 * @param isJoined blocks whose query, key and value are asked for as one, `qkv`, also where the configuration has three.
 */
export function vitParams<T>(
  config: ViTConfig,
  leaf: Leaf<T>,
  isJoined: (block: number) => boolean = () => false,
): ViTParams<T> {
  const { dim: D, depth, numClasses, prefix, positions, pooling } = config;
  const { numPatches, featureDim } = geometryOf(config);
  const { linear, norm } = layersOf(leaf);
  const headDim = pooling.kind === 'class-token-and-mean' ? 2 * D : D;
  return {
    stem: config.stem && stemParams(config.stem.widths, config.numChannels, leaf),
    patchEmbedding: linear('patchEmbedding', featureDim, D, config.patchBias),
    classToken: prefix.classToken ? leaf('classToken', [1, 1, D]) : undefined,
    distillationToken: prefix.distillationToken ? leaf('distillationToken', [1, 1, D]) : undefined,
    registers: prefix.numRegisters > 0 ? leaf('registers', [1, prefix.numRegisters, D]) : undefined,
    positions: positions.kind === 'learned' ? leaf('positions', [1, positions.numPrefix + numPatches, D]) : undefined,
    inputNorm: config.inputNorm ? norm('inputNorm', D) : undefined,
    blocks: Array.from({ length: depth }, (_, i) => {
      const qkv = isJoined(i) ? 'fused' : (config.attention?.qkv ?? 'separate');
      return blockParams(`blocks.${i}`, { ...config, qkv }, leaf);
    }),
    norm: norm('norm', D),
    head: linear('head', headDim, numClasses),
    distillationHead: pooling.kind === 'distilled' ? linear('distillationHead', D, numClasses) : undefined,
  };
}

function stemParams<T>(widths: readonly number[], numChannels: number, leaf: Leaf<T>): LinearParams<T>[] {
  const { linear } = layersOf(leaf);
  return widths.map((width, i) => linear(`stem.${i}`, 9 * (widths[i - 1] ?? numChannels), width));
}

interface BlockConfig extends ViTConfig {
  readonly qkv: 'fused' | 'separate';
}

function blockParams<T>(name: string, config: BlockConfig, leaf: Leaf<T>): EncoderBlockParams<T> {
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

function attentionParams<T>(name: string, config: BlockConfig, leaf: Leaf<T>): SelfAttentionParams<T> {
  const { dim: D, numHeads, qkNorm, attention } = config;
  const { linear, norm } = layersOf(leaf);
  const numRelative = relativeRows(config);
  return {
    ...qkvParams(name, config, leaf),
    queryNorm: qkNorm ? norm(`${name}.queryNorm`, D / numHeads) : undefined,
    keyNorm: qkNorm ? norm(`${name}.keyNorm`, D / numHeads) : undefined,
    score: attention?.mechanism === 'additive' ? leaf(`${name}.score`, [numHeads, D / numHeads]) : undefined,
    relative: numRelative === undefined ? undefined : leaf(`${name}.relative`, [numRelative, numHeads]),
    output: linear(`${name}.output`, D, D),
  };
}

function qkvParams<T>(name: string, config: BlockConfig, leaf: Leaf<T>): SeparateQkv<T> | FusedQkv<T> {
  const { dim: D, qkvBias, qkv } = config;
  const { linear } = layersOf(leaf);
  if (qkv === 'fused') return { qkv: linear(`${name}.qkv`, D, 3 * D, qkvBias) };
  return {
    query: linear(`${name}.query`, D, D, qkvBias),
    key: linear(`${name}.key`, D, D, qkvBias),
    value: linear(`${name}.value`, D, D, qkvBias),
  };
}

/** Rows of the parameters of relative positions; undefined where there are none. */
function relativeRows(config: ViTConfig): number | undefined {
  if (config.positions.kind === 'relative') return numOffsets(geometryOf(config));
  return config.positions.kind === 'relative-quadratic' ? 3 : undefined;
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
