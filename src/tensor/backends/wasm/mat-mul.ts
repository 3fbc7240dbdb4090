import { broadcast_util, util } from '@tensorflow/tfjs-core';
import type { BatchMatMulAttrs, TensorInfo } from '@tensorflow/tfjs-core';

import { ShapeError } from '../../../errors.ts';
import type { Forward } from './forward.ts';

const F32 = Float32Array.BYTES_PER_ELEMENT;

/**
 * The kernel behind `matMul`, [..., M, K]·[..., K, N] → [..., M, N], either operand perhaps transposed. It takes the
 * place of the stock one, which finds the packed weights of an earlier product again by tensor alone, so that a reshaped
 * matrix gives the wrong product, and which does batches and transposes in a scalar loop.
 */
export const matMulForward: Forward<BatchMatMulAttrs> = ([a, b], attrs, { heap, kernels }) => {
  const { transposeA, transposeB } = attrs;
  const [M, K] = matrixOf(a!, transposeA);
  const [innerB, N] = matrixOf(b!, transposeB);
  if (K !== innerB) throw new ShapeError(`matMul: expected equal inner axes, got ${K} and ${innerB}`);
  const from = { a: heap.offsetOf('matMul a', a), b: heap.offsetOf('matMul b', b) };
  const batchA = a!.shape.slice(0, -2);
  const batchB = b!.shape.slice(0, -2);
  const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const { info, offset } = heap.output([...batch, M, N]);
  const panelBytes = kernels.multiplyScratchBytes(K, N);
  heap.withScratch(panelBytes + (transposeA ? M * K * F32 : 0), (scratch) => {
    for (let i = 0; i < util.sizeFromShape(batch); i++) {
      let rows = from.a + broadcastIndex(i, batch, batchA) * M * K * F32;
      if (transposeA) {
        kernels.transpose(rows, scratch + panelBytes, K, M);
        rows = scratch + panelBytes;
      }
      const columns = from.b + broadcastIndex(i, batch, batchB) * K * N * F32;
      const bStride = (transposeB ? K : N) * F32;
      kernels.multiply(rows, K * F32, columns, bStride, transposeB, offset + i * M * N * F32, M, N, K, scratch);
    }
  });
  return info;
};

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
