import { reshaped } from './arrays.ts';
import type { NamedArray } from './arrays.ts';

/** torch's convolution [out, in, k, k] → the kernel [k, k, in, out]. */
export function convolutionKernel({ shape, data: from }: NamedArray): NamedArray {
  const [out = 0, C = 0, height = 0, width = 0] = shape;
  const data = new Float32Array(from.length);
  const area = height * width;
  for (let o = 0; o < out; o += 1) {
    for (let c = 0; c < C; c += 1) {
      for (let p = 0; p < area; p += 1) data[(p * C + c) * out + o] = from[(o * C + c) * area + p]!;
    }
  }
  return { shape: [height, width, C, out], data };
}

/** torch's depthwise convolution [C, 1, k, k] → the kernel [k, k, C, 1]. */
export function depthwiseKernel(array: NamedArray): NamedArray {
  const { shape, data } = convolutionKernel(array);
  const [height = 0, width = 0, one = 0, C = 0] = shape;
  return { shape: [height, width, C, one], data };
}

/** The kernel [k, k, in, out], or depthwise [k, k, C, 1], → torch's convolution [out, in, k, k] or [C, 1, k, k]. */
export function torchConvolution({ shape, data: from }: NamedArray, depthwise: boolean): NamedArray {
  const [height = 0, width = 0, third = 0, fourth = 0] = shape;
  const [C, out] = depthwise ? [fourth, third] : [third, fourth];
  const data = new Float32Array(from.length);
  const area = height * width;
  for (let o = 0; o < out; o += 1) {
    for (let c = 0; c < C; c += 1) {
      for (let p = 0; p < area; p += 1) data[(o * C + c) * area + p] = from[(p * C + c) * out + o]!;
    }
  }
  return { shape: [out, C, height, width], data };
}

/** torch's convolution [D, C, P, P] → the kernel [P·P·C, D] of a flattened patch (row, column, channel). */
export function patchKernel(array: NamedArray): NamedArray {
  const [D = 0, C = 0, height = 0, width = 0] = array.shape;
  return reshaped(convolutionKernel(array), [height * width * C, D]);
}

/** The kernel [P·P·C, D] of a flattened patch → torch's convolution [D, C, P, P]. */
export function patchConvolution(array: NamedArray, patchSize: number, numChannels: number): NamedArray {
  const D = array.data.length / (patchSize ** 2 * numChannels);
  return torchConvolution({ shape: [patchSize, patchSize, numChannels, D], data: array.data }, false);
}
