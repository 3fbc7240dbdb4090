import { broadcast_util, util } from '@tensorflow/tfjs-core';
import type { BatchMatMulAttrs, TensorInfo } from '@tensorflow/tfjs-core';

import { ShapeError } from '../../../errors.ts';
import { broadcastStrides, positionsOf } from './broadcast.ts';
import type { Forward } from './forward.ts';

/**
 * The kernel behind `matMul`, [..., M, K]·[..., K, N] → [..., M, N], either operand perhaps transposed. The stock one
 * takes the larger batch for the broadcast one.
 */
export const matMulForward: Forward<BatchMatMulAttrs> = ([a, b], attrs, { backend, addon }) => {
  const { transposeA, transposeB } = attrs;
  const [M, K] = matrixOf(a!, transposeA);
  const [innerB, N] = matrixOf(b!, transposeB);
  if (K !== innerB) throw new ShapeError(`matMul: expected equal inner axes, got ${K} and ${innerB}`);
  const operands = [backend.floatsOf('matMul a', a!), backend.floatsOf('matMul b', b!)] as const;
  const [batchA, batchB] = [a!.shape.slice(0, -2), b!.shape.slice(0, -2)];
  const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const { info, values } = backend.output([...batch, M, N]);
  const sizes = Int32Array.of(M, N, K, util.sizeFromShape(batchA), util.sizeFromShape(batchB));
  addon.matMul(...operands, values, pairsOf(batch, batchA, batchB), sizes, Number(transposeA) + 2 * Number(transposeB));
  return info;
};

/** [..., rows, columns] → rows and columns, after the transposition asked for. */
function matrixOf({ shape }: TensorInfo, transposed: boolean): readonly [rows: number, columns: number] {
  const [rows = 0, columns = 0] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

/** For each product of the broadcast batch, the index of its A and that of its B. */
function pairsOf(batch: readonly number[], batchA: readonly number[], batchB: readonly number[]): Int32Array {
  const a = positionsOf(batch, broadcastStrides(batchA, batch));
  const b = positionsOf(batch, broadcastStrides(batchB, batch));
  return Int32Array.from({ length: 2 * a.length }, (_, i) => (i % 2 === 0 ? a : b)[i >> 1]!);
}
