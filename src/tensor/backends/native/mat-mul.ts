import type { BatchMatMulAttrs, TensorInfo } from '@tensorflow/tfjs-core';

import { util } from '../../tfjs.ts';
import { matrixBatch } from '../matrix-batch.ts';
import type { Forward } from './forward.ts';

/**
 * The kernel behind `matMul`, [..., M, K]·[..., K, N] → [..., M, N], either operand perhaps transposed. The stock one
 * takes the larger batch for the broadcast one.
 */
export const matMulForward: Forward<BatchMatMulAttrs> = ([a, b], attrs, { backend, addon }) => {
  const { transposeA, transposeB } = attrs;
  const { M, K, N, shape, pairs } = matrixBatch(a!, b!, transposeA, transposeB);
  const operands = [backend.floatsOf('matMul a', a!), backend.floatsOf('matMul b', b!)] as const;
  const { info, values } = backend.output(shape);
  const sizes = Int32Array.of(M, N, K, numMatrices(a!), numMatrices(b!));
  addon.matMul(...operands, values, Int32Array.from(pairs.flat()), sizes, Number(transposeA) + 2 * Number(transposeB));
  return info;
};

function numMatrices({ shape }: TensorInfo): number {
  return util.sizeFromShape(shape.slice(0, -2));
}
