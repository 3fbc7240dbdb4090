import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';

import { broadcast_util } from '../../tfjs.ts';
import { broadcastStrides } from './broadcast.ts';
import type { Device } from './forward.ts';

/** `enum class Binary` of cpp/kernels.h, by the names of tfjs's kernels. */
export const BINARY_CODES = { Add: 0, Sub: 1, Multiply: 2, RealDiv: 3 } as const;
export type BinaryKernel = keyof typeof BINARY_CODES;

/** MAX_AXES of cpp/kernels.h. */
const MAX_AXES = 6;

/**
 * a + b, a − b, a·b or a/b of float32 tensors, broadcast. Undefined where the stock kernel is to do it: other types, and
 * patterns of broadcasting with more axes than the kernel takes.
 */
export function binaryForward(kernel: BinaryKernel, a: Tensor, b: Tensor, device: Device): TensorInfo | undefined {
  if (a.dtype !== 'float32' || b.dtype !== 'float32') return undefined;
  const { backend, addon } = device;
  const shape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const layout = joinAxes(shape, broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape));
  if (layout.length > 3 * MAX_AXES) return undefined;
  const operands = [backend.floatsOf(kernel, a), backend.floatsOf(kernel, b)] as const;
  const { info, values } = backend.output(shape);
  if (values.length > 0) addon.binary(...operands, values, BINARY_CODES[kernel], layout);
  return info;
}

/** Shape and strides with axes of one element left out and neighbours that are stored as one axis joined. */
function joinAxes(shape: readonly number[], a: readonly number[], b: readonly number[]): Int32Array {
  const joined: [size: number, strideA: number, strideB: number][] = [];
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const [strideA = 0, strideB = 0] = [a[axis], b[axis]];
    const outer = joined.at(-1);
    if (outer !== undefined && outer[1] === strideA * size && outer[2] === strideB * size) {
      joined[joined.length - 1] = [outer[0] * size, strideA, strideB];
    } else {
      joined.push([size, strideA, strideB]);
    }
  }
  if (joined.length === 0) joined.push([1, 0, 0]);
  return Int32Array.from([0, 1, 2].flatMap((part) => joined.map((axis) => axis[part]!)));
}
