import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';

import { backend_util, util } from '../../tfjs.ts';
import type { Device } from './forward.ts';

/** Of tfjs's Sum and Mean. */
export interface ReduceAttrs {
  /** All of them where tfjs passes null. */
  readonly axis: number | readonly number[] | null;
  readonly keepDims: boolean;
}

/**
 * Sum or mean over axes. Undefined where the stock kernel is to do it: other types, and axes between which there is one
 * that stays.
 */
export function reduceForward(
  kernel: 'Sum' | 'Mean',
  x: Tensor,
  { axis, keepDims }: ReduceAttrs,
  { backend, addon }: Device,
): TensorInfo | undefined {
  if (x.dtype !== 'float32') return undefined;
  const axes = util.parseAxisParam([axis ?? [...x.shape.keys()]].flat(), x.shape);
  const sizes = asThreeAxes(x.shape, axes);
  if (sizes === undefined) return undefined;
  const [kept] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  const source = backend.floatsOf(kernel, x);
  const { info, values } = backend.output(keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept);
  if (values.length > 0) addon.reduceSum(source, values, Int32Array.from(sizes), kernel === 'Sum' ? 1 : 1 / sizes[1]);
  return info;
}

/** The sizes before, at and after the axes that go, which have to be neighbours save for axes of one element. */
function asThreeAxes(shape: readonly number[], axes: readonly number[]): readonly [number, number, number] | undefined {
  const goes = (axis: number): boolean => axes.includes(axis);
  const long = [...shape.keys()].filter((axis) => shape[axis] !== 1);
  const first = long.findIndex(goes);
  const last = long.findLastIndex(goes);
  if (first < 0) return [util.sizeFromShape([...shape]), 1, 1];
  if (!long.slice(first, last + 1).every(goes)) return undefined;
  const sizeOf = (part: readonly number[]): number => part.reduce((product, axis) => product * shape[axis]!, 1);
  return [sizeOf(long.slice(0, first)), sizeOf(long.slice(first, last + 1)), sizeOf(long.slice(last + 1))];
}
