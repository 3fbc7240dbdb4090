import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

import { ShapeError } from '../errors.ts';

interface TensorOf {
  1: Tensor1D;
  2: Tensor2D;
  4: Tensor4D;
}

/** The tensor under the type of its rank. @throws ShapeError when it has another. */
export function ranked<Rank extends keyof TensorOf>(where: string, x: Tensor, rank: Rank): TensorOf[Rank] {
  if (x.shape.length === rank) return x as TensorOf[Rank];
  throw new ShapeError(`${where}: expected ${rank} axes, got [${x.shape.join(', ')}]`);
}
