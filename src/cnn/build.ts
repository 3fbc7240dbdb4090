import type { Tensor } from '@tensorflow/tfjs-core';

import { dispose, tensor } from '../tensor/tfjs.ts';
import { WeightsError } from '../errors.ts';
import type { BiasedConvolutionParams } from '../nn/convolution.ts';
import type { Layer } from '../nn/network.ts';
import type { NamedArray, NamedArrays } from '../weights/arrays.ts';
import { fold } from './fold.ts';
import { convNormOf } from './leaves.ts';
import type { Leaf, UnitOf } from './leaves.ts';

/** What makes the leaves of a tree on the current backend, its convolutions folded with their norms. */
export interface FoldedLeaves {
  readonly leaf: Leaf<Tensor>;
  readonly unit: UnitOf<BiasedConvolutionParams>;
}

/** A network's layers with the tensors that they hold. */
export interface BuiltLayers extends Disposable {
  readonly layers: readonly Layer[];
}

/**
 * Puts the parameters of a checkpoint on the current backend, every batch norm folded into the convolution before it.
 *
 * @param epsilon of the batch norms, where there are any.
 * @throws WeightsError when a parameter is missing or misshapen; nothing is left on the backend then.
 */
export function buildFolded(
  arrays: NamedArrays,
  epsilon: number,
  layersOf: (leaves: FoldedLeaves) => readonly Layer[],
): BuiltLayers {
  const owned: Tensor[] = [];
  const own = ({ data, shape }: NamedArray): Tensor => {
    const made = tensor(data, [...shape]);
    owned.push(made);
    return made;
  };
  const array: Leaf<NamedArray> = (name, shape) => arrayOf(arrays, name, shape);
  const unit: UnitOf<BiasedConvolutionParams> = (...place) => {
    const { kernel, bias } = fold(convNormOf(array, ...place), epsilon);
    return { kernel: own(kernel), bias: own(bias) };
  };
  try {
    const layers = layersOf({ leaf: (name, shape) => own(array(name, shape)), unit });
    return { layers, [Symbol.dispose]: () => dispose(owned) };
  } catch (error) {
    dispose(owned);
    throw error;
  }
}

function arrayOf(arrays: NamedArrays, name: string, shape: readonly number[]): NamedArray {
  const array = arrays.get(name);
  if (array !== undefined && array.shape.join() === shape.join()) return array;
  const got = array === undefined ? 'none' : `[${array.shape.join(', ')}]`;
  throw new WeightsError(`${name}: expected [${shape.join(', ')}], got ${got}`);
}
