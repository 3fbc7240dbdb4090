import { backend_util, slice_util, util } from '@tensorflow/tfjs-core';
import type { PadV2Attrs, SliceAttrs, SplitVAttrs, TensorInfo } from '@tensorflow/tfjs-core';

import type { Device, Forward } from './forward.ts';

/** A box of a tensor: where it begins on each axis and how far it goes. */
interface Box {
  readonly shape: readonly number[];
  readonly begin: readonly number[];
}

/** The kernel behind `slice`: copies runs of memory, where the stock one looks up every element by its place. */
export const sliceForward: Forward<SliceAttrs> = ([x], { begin, size }, { backend }) => {
  const [from = [], shape = []] = slice_util.parseSliceParams(x!, begin, size);
  return boxOf(x!, from, shape, backend);
};

/** The kernel behind `split`, which the gradient of `concat` is. */
export const splitForward: Forward<SplitVAttrs> = ([x], { numOrSizeSplits, axis }, { backend }) => {
  const [along = 0] = util.parseAxisParam(axis, x!.shape);
  let start = 0;
  return backend_util.prepareSplitSize(x!, numOrSizeSplits, along).map((side) => {
    const shape = x!.shape.map((whole, i) => (i === along ? side : whole));
    const from = x!.shape.map((_, i) => (i === along ? start : 0));
    start += side;
    return boxOf(x!, from, shape, backend);
  });
};

function boxOf(
  x: TensorInfo,
  begin: readonly number[],
  shape: readonly number[],
  backend: Device['backend'],
): TensorInfo {
  const { info, values } = backend.output(shape);
  const source = backend.floatsOf('slice', x);
  copyRuns({ shape: x.shape, begin }, { shape, begin: shape.map(() => 0) }, shape, (at, to, length) => {
    values.set(source.subarray(at, at + length), to);
  });
  return info;
}

/** The kernel behind `pad`. */
export const padForward: Forward<PadV2Attrs> = ([x], { paddings, constantValue }, { backend }) => {
  const shape = x!.shape.map((side, axis) => side + paddings[axis]![0] + paddings[axis]![1]);
  const { info, values } = backend.output(shape);
  const source = backend.floatsOf('pad', x!);
  values.fill(constantValue);
  const begin = paddings.map(([before]) => before);
  copyRuns({ shape: x!.shape, begin: begin.map(() => 0) }, { shape, begin }, x!.shape, (at, to, length) => {
    values.set(source.subarray(at, at + length), to);
  });
  return info;
};

/** Calls `copy` for each run of elements that follow each other in both tensors. */
function copyRuns(
  from: Box,
  to: Box,
  size: readonly number[],
  copy: (at: number, to: number, length: number) => void,
): void {
  // The axes behind this one are whole in both, so that along it elements follow each other.
  let last = size.length - 1;
  while (last > 0 && from.shape[last] === size[last] && to.shape[last] === size[last]) last -= 1;
  const inner = size.slice(last + 1).reduce((product, side) => product * side, 1);
  const length = (size[last] ?? 1) * inner;
  const visit = (axis: number, at: number, target: number): void => {
    const start = at * (from.shape[axis] ?? 1) + (from.begin[axis] ?? 0);
    const goal = target * (to.shape[axis] ?? 1) + (to.begin[axis] ?? 0);
    if (axis >= last) copy(start * inner, goal * inner, length);
    else for (let i = 0; i < size[axis]!; i += 1) visit(axis + 1, start + i, goal + i);
  };
  if (length > 0 && size.every((side) => side > 0)) visit(0, 0, 0);
}
