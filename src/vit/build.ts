import type { Tensor } from '@tensorflow/tfjs-core';

import { dispose, tensor } from '../tensor/tfjs.ts';
import { WeightsError } from '../errors.ts';
import type { ViTConfig } from '../weights/architecture.ts';
import type { NamedArray, NamedArrays } from '../weights/arrays.ts';
import { attentionForm } from './attention-form.ts';
import type { ViT } from './forward.ts';
import { joinedParams } from './joined-params.ts';
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
  const part = (name: string, shape: readonly number[]): NamedArray => {
    const array = arrays.get(name);
    if (array === undefined) throw new WeightsError(`${name}: expected a parameter of this name, got none`);
    const placed = name === 'positions' ? positionsAt(array, from, config) : array;
    // A table of relative positions belongs to one grid: there is no published way of resampling it.
    if (placed.shape.join() !== shape.join()) {
      throw new WeightsError(`${name}: expected [${shape.join(', ')}], got [${placed.shape.join(', ')}]`);
    }
    return placed;
  };
  try {
    const attention = attentionForm(config, (made) => {
      owned.push(made);
      return made;
    });
    const params = joinedParams(config, attention, { part, join: joinColumns, place: own });
    const fixed = fixedPositions(config);
    return {
      config,
      params,
      fixedPositions: fixed && own(fixed),
      attention,
      [Symbol.dispose]: () => dispose(owned),
    };
  } catch (error) {
    dispose(owned);
    throw error;
  }
}

/** [..., n] each, one after the other along the last axis. */
function joinColumns(parts: readonly NamedArray[]): NamedArray {
  const widths = parts.map(({ shape }) => shape.at(-1) ?? 0);
  const width = widths.reduce((sum, each) => sum + each, 0);
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  for (let at = 0, row = 0; at < data.length; row += 1) {
    for (const [i, part] of parts.entries()) {
      data.set(part.data.subarray(row * widths[i]!, (row + 1) * widths[i]!), at);
      at += widths[i]!;
    }
  }
  return { shape: [...(parts[0]?.shape.slice(0, -1) ?? []), width], data };
}
