import { WeightsError } from '../errors.ts';

/** A dense array of numbers with a name and a shape, row-major. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The arrays of a checkpoint by name. */
export type NamedArrays = ReadonlyMap<string, NamedArray>;

/** Number of values in a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The shape of an array that must be there. @throws WeightsError when it is not, or has other axes. */
export function shapeOf(arrays: NamedArrays, name: string, rank: number, where: string): readonly number[] {
  const array = arrays.get(name);
  if (array?.shape.length === rank) return array.shape;
  const got = array === undefined ? 'none' : `[${array.shape.join(', ')}]`;
  throw new WeightsError(`${where}: ${name}: expected a tensor with ${rank} axes, got ${got}`);
}

/** Rows that `transpose` moves together, so that each cache line is fetched once: twice as fast on large matrices. */
const ROWS = 8;

/** [rows, columns] → [columns, rows]: a torch linear weight [out, in] to the kernel [in, out]. */
export function transpose(array: NamedArray): NamedArray {
  const [R = 0, C = 0] = array.shape;
  const data = new Float32Array(R * C);
  for (let first = 0; first < R; first += ROWS) {
    const end = Math.min(first + ROWS, R);
    for (let c = 0; c < C; c += 1) {
      for (let r = first; r < end; r += 1) data[c * R + r] = array.data[r * C + c]!;
    }
  }
  return { shape: [C, R], data };
}

/** One of several equal parts of the first axis, without a copy: q of a fused [3D, …]. */
export function partOf(array: NamedArray, part: number, parts: number): NamedArray {
  const [length = 0, ...rest] = array.shape;
  const size = (length / parts) * sizeOf(rest);
  return { shape: [length / parts, ...rest], data: array.data.subarray(part * size, (part + 1) * size) };
}

/** The same values under another shape; the array as it is when their numbers differ, for the shape check to name. */
export function reshaped(array: NamedArray, shape: readonly number[]): NamedArray {
  return sizeOf(shape) === array.data.length ? { shape, data: array.data } : array;
}
