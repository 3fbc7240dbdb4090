import type { Rank, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

import { log, maximum, reshape, tidy } from '../../tensor/tfjs.ts';
import { ConfigError } from '../../errors.ts';
import type { Layer } from '../../nn/network.ts';
import type { TfjsModel } from './model.ts';
import { oneLine } from './one-line.ts';

/** The smallest normal float32: its logarithm is finite, and no class is told apart below it. */
const TINY = 2 ** -126;

/**
 * A TensorFlow.js model as the one layer `logits`. Probabilities are put into logarithms, of which the softmax that
 * follows every network makes the same probabilities again.
 */
export function tfjsLayers(model: TfjsModel, output: 'probabilities' | 'logits'): Layer[] {
  const apply = (images: Tensor4D): Tensor2D =>
    tidy(() => {
      const classes = reshape<Rank.R2>(model.run(images), [images.shape[0], -1]);
      return output === 'probabilities' ? log(maximum(classes, TINY)) : classes;
    });
  return [{ name: 'logits', apply }];
}

/**
 * How many classes a network tells apart, by running it once: also the proof that the backend has all that it needs.
 *
 * @throws ConfigError when it cannot run, or gives something else than a row of classes.
 */
export function tryTfjs(where: string, model: TfjsModel, blank: Tensor4D): number {
  const shape = tidy(() => {
    try {
      return model.run(blank).shape;
    } catch (cause) {
      throw new ConfigError(`${where}: expected a network that runs on this backend: ${oneLine(cause)}`, { cause });
    }
  });
  const [first, ...sides] = shape;
  const numClasses = Math.max(1, ...sides);
  if (first === 1 && sides.length > 0 && sides.reduce((a, b) => a * b, 1) === numClasses) return numClasses;
  throw new ConfigError(`${where}: expected outputs [1, classes] for an image, got [${shape.join(', ')}]`);
}
