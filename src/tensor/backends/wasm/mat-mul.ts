import type { BatchMatMulAttrs } from '@tensorflow/tfjs-core';

import { matrixBatch } from '../matrix-batch.ts';
import type { Forward } from './forward.ts';

const F32 = Float32Array.BYTES_PER_ELEMENT;

/**
 * The kernel behind `matMul`, [..., M, K]·[..., K, N] → [..., M, N], either operand perhaps transposed. It takes the
 * place of the stock one, which finds the packed weights of an earlier product again by tensor alone, so that a reshaped
 * matrix gives the wrong product, and which does batches and transposes in a scalar loop.
 */
export const matMulForward: Forward<BatchMatMulAttrs> = ([a, b], attrs, { heap, kernels }) => {
  const { transposeA, transposeB } = attrs;
  const { M, K, N, shape, pairs } = matrixBatch(a!, b!, transposeA, transposeB);
  const from = { a: heap.offsetOf('matMul a', a), b: heap.offsetOf('matMul b', b) };
  const { info, offset } = heap.output(shape);
  const panelBytes = kernels.multiplyScratchBytes(K, N);
  heap.withScratch(panelBytes + (transposeA ? M * K * F32 : 0), (scratch) => {
    for (const [i, [indexA, indexB]] of pairs.entries()) {
      let rows = from.a + indexA * M * K * F32;
      if (transposeA) {
        kernels.transpose(rows, scratch + panelBytes, K, M);
        rows = scratch + panelBytes;
      }
      const columns = from.b + indexB * K * N * F32;
      const bStride = (transposeB ? K : N) * F32;
      kernels.multiply(rows, K * F32, columns, bStride, transposeB, offset + i * M * N * F32, M, N, K, scratch);
    }
  });
  return info;
};
