import type { BatchMatMulAttrs, TensorInfo } from '@tensorflow/tfjs-core';

import { util } from '../../tfjs.ts';
import type { ProductAttrs } from '../../ops/product.ts';
import { currentPrecision } from '../../precision.ts';
import type { Precision } from '../../precision.ts';
import { matrixBatch } from '../matrix-batch.ts';
import type { Device, Forward } from './forward.ts';
import { PRECISION_CODES } from './precision-codes.ts';

/**
 * The kernel behind `matMul`, [..., M, K]·[..., K, N] → [..., M, N], either operand perhaps transposed. The stock one
 * takes the larger batch for the broadcast one.
 */
export const matMulForward: Forward<BatchMatMulAttrs> = ([a, b], attrs, device) =>
  multiply(a!, b!, { ...attrs, precision: 'f32', inStretches: false }, device);

/** Of two matrices, in the precision of the op that runs. */
export const productForward: Forward<ProductAttrs> = ([a, b], attrs, device) =>
  multiply(a!, b!, { ...attrs, precision: currentPrecision(), inStretches: true }, device);

interface Multiplication extends ProductAttrs {
  readonly precision: Precision;
  /** Whether a long sum may be cut: not where a matrix of a batch has to come out as it does alone. */
  readonly inStretches: boolean;
}

function multiply(
  a: TensorInfo,
  b: TensorInfo,
  { transposeA, transposeB, precision, inStretches }: Multiplication,
  { backend, addon }: Device,
): TensorInfo {
  const { M, K, N, shape, pairs } = matrixBatch(a, b, transposeA, transposeB);
  const operands = [backend.floatsOf('matMul a', a), backend.floatsOf('matMul b', b)] as const;
  const { info, values } = backend.output(shape);
  const sizes = Int32Array.of(M, N, K, numMatrices(a), numMatrices(b));
  const form = Number(transposeA) + 2 * Number(transposeB) + 4 * Number(inStretches);
  addon.matMul(...operands, values, Int32Array.from(pairs.flat()), sizes, form, PRECISION_CODES[precision]);
  return info;
}

function numMatrices({ shape }: TensorInfo): number {
  return util.sizeFromShape(shape.slice(0, -2));
}
