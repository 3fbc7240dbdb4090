import type { LinearParams } from '../nn/linear.ts';
import type { ConvNormParams } from './conv-norm.ts';

/** Makes one leaf from its dotted name, which is its path in the tree, and its shape. */
export type Leaf<T> = (name: string, shape: readonly number[]) => T;

/** Makes a convolution with its norm from its name, the shape of its kernel, and the channels that it gives. */
export type UnitOf<Unit> = (name: string, shape: readonly number[], channels: number) => Unit;

/** A convolution and its norm as leaves. */
export function convNormOf<T>(leaf: Leaf<T>, ...[name, shape, C]: Parameters<UnitOf<T>>): ConvNormParams<T> {
  return {
    kernel: leaf(`${name}.kernel`, shape),
    norm: {
      scale: leaf(`${name}.norm.scale`, [C]),
      bias: leaf(`${name}.norm.bias`, [C]),
      mean: leaf(`${name}.norm.mean`, [C]),
      variance: leaf(`${name}.norm.variance`, [C]),
    },
  };
}

export function linearOf<T>(leaf: Leaf<T>, name: string, [from = 0, to = 0]: readonly number[]): LinearParams<T> {
  return { kernel: leaf(`${name}.kernel`, [from, to]), bias: leaf(`${name}.bias`, [to]) };
}

/** Whether a parameter is one that training moves by itself: the running statistics of a batch norm. */
export function isRunningStatistic(name: string): boolean {
  return name.endsWith('.norm.mean') || name.endsWith('.norm.variance');
}

/** Every parameter's shape by its dotted name, running statistics included, without making any. */
export function shapesOf(tree: (leaf: Leaf<unknown>) => unknown): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  tree((name, shape) => shapes.set(name, shape));
  return shapes;
}

/** Exact number of trained values, as the reference libraries count them: without running statistics. */
export function countTrained(shapes: ReadonlyMap<string, readonly number[]>): number {
  let count = 0;
  for (const [name, shape] of shapes) {
    if (!isRunningStatistic(name)) count += shape.reduce((product, size) => product * size, 1);
  }
  return count;
}
