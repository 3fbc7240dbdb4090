import type { Tensor } from '@tensorflow/tfjs-core';

import { dispose, tensor } from '../tensor/tfjs.ts';
import { WeightsError } from '../errors.ts';
import type { ViTConfig } from '../weights/architecture.ts';
import type { NamedArray, NamedArrays } from '../weights/arrays.ts';
import { attentionForm } from './attention-form.ts';
import type { ViT } from './forward.ts';
import { vitParams } from './params.ts';
import { fixedPositions, positionsAt } from './positions.ts';

/**
 * Puts the parameters of a checkpoint on the current backend. `arrays` belong to `from`, the checkpoint's own
 * configuration; the network runs at `config`, which may differ from it in image size.
 *
 * @throws WeightsError when a parameter is missing; nothing is left on the backend then.
 */
export function buildViT(arrays: NamedArrays, from: ViTConfig, config: ViTConfig): ViT & Disposable {
  const owned: Tensor[] = [];
  const own = ({ data, shape }: NamedArray): Tensor => {
    const made = tensor(data, [...shape]);
    owned.push(made);
    return made;
  };
  const leaf = (name: string, shape: readonly number[]): Tensor => {
    const array = arrays.get(name);
    if (array === undefined) throw new WeightsError(`${name}: expected a parameter of this name, got none`);
    const placed = name === 'positions' ? positionsAt(array, from, config) : array;
    // A table of relative positions belongs to one grid: there is no published way of resampling it.
    if (placed.shape.join() !== shape.join()) {
      throw new WeightsError(`${name}: expected [${shape.join(', ')}], got [${placed.shape.join(', ')}]`);
    }
    return own(placed);
  };
  try {
    const params = vitParams(config, leaf);
    const fixed = fixedPositions(config);
    return {
      config,
      params,
      fixedPositions: fixed && own(fixed),
      attention: attentionForm(config, (made) => {
        owned.push(made);
        return made;
      }),
      [Symbol.dispose]: () => dispose(owned),
    };
  } catch (error) {
    dispose(owned);
    throw error;
  }
}
