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

/** [rows, columns] → [columns, rows]: a torch linear weight [out, in] to the kernel [in, out]. */
export function transpose({ shape, data: from }: NamedArray): NamedArray {
  const [R = 0, C = 0] = shape;
  const to = new Float32Array(R * C);
  let row = 0;
  // Eight rows together, so that a cache line is written twice and not sixteen times, and without a loop over them: this is
  // most of what is to be done to the weights of a large model before it answers, and takes a third of the time so.
  for (; row + 8 <= R; row += 8) {
    let i = row * C;
    for (let o = row; o < R * C; o += R) {
      to[o] = from[i]!;
      to[o + 1] = from[i + C]!;
      to[o + 2] = from[i + 2 * C]!;
      to[o + 3] = from[i + 3 * C]!;
      to[o + 4] = from[i + 4 * C]!;
      to[o + 5] = from[i + 5 * C]!;
      to[o + 6] = from[i + 6 * C]!;
      to[o + 7] = from[i + 7 * C]!;
      i += 1;
    }
  }
  for (; row < R; row += 1) for (let c = 0; c < C; c += 1) to[c * R + row] = from[row * C + c]!;
  return { shape: [C, R], data: to };
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
