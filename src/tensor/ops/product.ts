import type { Tensor2D } from '@tensorflow/tfjs-core';

import { matMul } from '../tfjs.ts';
import { dims } from '../dims.ts';
import { defineOp, runOp } from '../op.ts';

export interface ProductAttrs {
  /** A is stored as [K, M]. */
  readonly transposeA: boolean;
  /** B is stored as [N, K]. */
  readonly transposeB: boolean;
}

/**
 * A·B of two matrices, [M, K]·[K, N] → [M, N], in the precision that `inPrecision` sets, as `linear` multiplies:
 * `matMul` is always float32.
 *
 * @throws ShapeError when they do not fit together.
 */
export function product(a: Tensor2D, b: Tensor2D, transposed: Partial<ProductAttrs> = {}): Tensor2D {
  const { transposeA = false, transposeB = false } = transposed;
  const { K } = dims('product a', a, transposeA ? 'K M' : 'M K');
  dims('product b', b, transposeB ? 'N K' : 'K N', { K });
  return runOp(PRODUCT, [a, b], { transposeA, transposeB })[0] as Tensor2D;
}

export const PRODUCT = defineOp<ProductAttrs>({
  name: 'PatchlensProduct',
  compose: ([a, b], { transposeA, transposeB }) => [matMul(a!, b!, transposeA, transposeB)],
});
