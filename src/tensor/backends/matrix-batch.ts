import type { TensorInfo } from '@tensorflow/tfjs-core';

import { broadcast_util, util } from '../tfjs.ts';
import { ShapeError } from '../../errors.ts';

/** The products that one matMul [..., M, K]·[..., K, N] is made of. */
export interface MatrixBatch {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  /** [..., M, N] */
  readonly shape: readonly number[];
  /** Of each product, which matrix of a and of b goes in. */
  readonly pairs: readonly (readonly [a: number, b: number])[];
}

/** @throws ShapeError when the inner axes differ, tfjs's own error when the batches do not broadcast. */
export function matrixBatch(a: TensorInfo, b: TensorInfo, transposeA: boolean, transposeB: boolean): MatrixBatch {
  const [M, K] = matrixOf(a, transposeA);
  const [innerB, N] = matrixOf(b, transposeB);
  if (K !== innerB) throw new ShapeError(`matMul: expected equal inner axes, got ${K} and ${innerB}`);
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const pairs = Array.from(
    { length: util.sizeFromShape(batch) },
    (_, i) => [broadcastIndex(i, batch, batchA), broadcastIndex(i, batch, batchB)] as const,
  );
  return { M, K, N, shape: [...batch, M, N], pairs };
}

/** [..., rows, columns] → rows and columns, after the transposition asked for. */
function matrixOf({ shape }: TensorInfo, transposed: boolean): readonly [rows: number, columns: number] {
  const [rows = 0, columns = 0] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

/** The position in an operand's batch `from` that broadcasts to position `index` of the batch `to`. */
function broadcastIndex(index: number, to: readonly number[], from: readonly number[]): number {
  let position = 0;
  let step = 1;
  for (let axis = 1; axis <= to.length; axis++) {
    const size = to.at(-axis) ?? 1;
    const own = from.at(-axis) ?? 1;
    if (own > 1) position += (index % size) * step;
    index = Math.floor(index / size);
    step *= own;
  }
  return position;
}
