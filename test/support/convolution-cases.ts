import { conv2d } from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';

import { randomInput } from './reference.ts';
import type { Input } from './reference.ts';
import { slide, UNEVEN_PADDING } from './sliding-windows.ts';
import type { SlidingCase } from './sliding-windows.ts';

/** Float32 sums of up to a thousand products of values below one, against float64. */
export const SUMS = { atol: 2e-5, rtol: 2e-5 };

export interface ConvolutionCase extends SlidingCase {
  readonly N: number;
}

/** Those that differ in no dilation, of which tfjs has gradients. */
export const CASES: readonly ConvolutionCase[] = [
  { name: '1×1', x: [2, 5, 7, 13], window: [1, 1], pad: 'valid', N: 17 },
  { name: '1×1 at stride 2', x: [2, 5, 7, 13], window: [1, 1], strides: [2, 2], pad: 'valid', N: 17 },
  { name: '3×3 same', x: [2, 5, 7, 11], window: [3, 3], pad: 'same', N: 19 },
  { name: '3×3 at stride 2, same on even sizes', x: [1, 8, 10, 5], window: [3, 3], strides: [2, 2], pad: 'same', N: 7 },
  { name: '3×3 at stride 2, same on odd sizes', x: [1, 7, 9, 5], window: [3, 3], strides: [2, 2], pad: 'same', N: 7 },
  { name: '3×3 at stride 2, one pixel all around', x: [2, 8, 9, 5], window: [3, 3], strides: [2, 2], pad: 1, N: 7 },
  { name: '7×7 at stride 2 on three channels', x: [1, 21, 19, 3], window: [7, 7], strides: [2, 2], pad: 3, N: 23 },
  { name: '3×5 at strides 3 and 2, valid', x: [3, 11, 13, 2], window: [3, 5], strides: [3, 2], pad: 'valid', N: 5 },
  {
    name: 'padding that differs on every side',
    x: [2, 6, 5, 3],
    window: [3, 3],
    pad: UNEVEN_PADDING,
    N: 5,
  },
  { name: '3×3 same, more channels', x: [2, 9, 11, 23], window: [3, 3], pad: 'same', N: 29 },
  { name: '3×3 valid, more channels', x: [1, 13, 9, 17], window: [3, 3], pad: 'valid', N: 31 },
  {
    name: 'more channels and padding that differs on every side',
    x: [2, 8, 9, 19],
    window: [3, 3],
    pad: UNEVEN_PADDING,
    N: 37,
  },
  { name: 'one channel in and one out', x: [1, 6, 7, 1], window: [3, 3], pad: 'same', N: 1 },
  { name: 'windows larger than the image', x: [1, 2, 3, 4], window: [5, 5], pad: 'same', N: 3 },
  { name: 'a stride larger than the window', x: [2, 9, 8, 3], window: [2, 1], strides: [3, 4], pad: 'valid', N: 4 },
  { name: 'channels that fill several blocks of depth', x: [1, 5, 4, 67], window: [3, 3], pad: 'same', N: 37 },
  { name: 'windows that fill several blocks of rows', x: [1, 23, 29, 2], window: [3, 3], pad: 'same', N: 3 },
];

export const DILATED: readonly ConvolutionCase[] = [
  { name: '3×3 at dilation 2', x: [2, 9, 8, 5], window: [3, 3], dilations: [2, 2], pad: 'same', N: 7 },
  { name: '2×3 at dilations 3 and 2', x: [1, 9, 11, 3], window: [2, 3], dilations: [3, 2], pad: 'valid', N: 4 },
];

export function operands({ x, window, N }: ConvolutionCase): { readonly x: Input; readonly filter: Input } {
  return { x: randomInput(x, 1), filter: randomInput([...window, x[3], N], 2) };
}

export function convolve({ strides, dilations, pad }: ConvolutionCase, x: Tensor4D, filter: Tensor4D): Tensor4D {
  return conv2d(x, filter, strides ?? 1, pad as 'same', 'NHWC', dilations ?? 1);
}

/** In float64. */
export function forward(each: ConvolutionCase, x: Input, filter: Input): Float64Array {
  const windows = slide(each);
  const [C, N] = [each.x[3], each.N];
  const y = new Float64Array(windows.outShape.reduce((product, size) => product * size, N));
  windows.visit((window, tap, pixel) => {
    for (let c = 0; c < C; c += 1) {
      for (let n = 0; n < N; n += 1) y[window * N + n]! += x.data[pixel * C + c]! * filter.data[(tap * C + c) * N + n]!;
    }
  });
  return y;
}
