import type { Device } from './forward.ts';

/** A part of an array: where its first element is and how far apart its elements are along each axis. */
export interface View {
  readonly values: Float32Array;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** MAX_AXES of cpp/kernels.h. */
const MAX_AXES = 6;

interface Axis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Whether the kernel can go through a shape by such strides: it takes six axes once neighbours are joined. */
export function isCopyable(shape: readonly number[], from: readonly number[], to: readonly number[]): boolean {
  return joinedAxes(shape, from, to).length <= MAX_AXES;
}

/** to[i] = from[i] for every index i of a shape that `isCopyable`. */
export function stridedCopy(shape: readonly number[], from: View, to: View, { addon }: Device): void {
  if (shape.includes(0)) return;
  const axes = inOrder(joinedAxes(shape, from.strides, to.strides));
  const layout = Int32Array.from(
    [axes.map(({ size }) => size), axes.map((axis) => axis.from), axes.map((axis) => axis.to)].flat(),
  );
  addon.stridedCopy(from.values, from.offset, to.values, to.offset, layout);
}

/** Row-major strides of a shape. */
export function stridesOf(shape: readonly number[]): number[] {
  let stride = 1;
  const strides = shape.toReversed().map((size) => {
    const own = stride;
    stride *= size;
    return own;
  });
  return strides.toReversed();
}

/** Without axes of one element, and with neighbours that both sides store as one axis joined. */
function joinedAxes(shape: readonly number[], from: readonly number[], to: readonly number[]): Axis[] {
  const joined: Axis[] = [];
  for (const [i, size] of shape.entries()) {
    if (size === 1) continue;
    const axis = { size, from: from[i] ?? 0, to: to[i] ?? 0 };
    const outer = joined.at(-1);
    if (outer !== undefined && outer.from === axis.from * size && outer.to === axis.to * size) {
      joined[joined.length - 1] = { ...axis, size: outer.size * size };
    } else {
      joined.push(axis);
    }
  }
  return joined;
}

/** At least two axes; last that along which the output is contiguous, before it that along which the input is. */
function inOrder(axes: readonly Axis[]): Axis[] {
  const last = axes.find(({ to }) => to === 1);
  const beforeLast = axes.find((axis) => axis !== last && axis.from === 1);
  const others = axes.filter((axis) => axis !== last && axis !== beforeLast);
  const one = { size: 1, from: 1, to: 1 };
  const ordered = [...others, ...[beforeLast, last].filter((axis) => axis !== undefined)];
  while (ordered.length < 2) ordered.unshift(one);
  return ordered;
}
