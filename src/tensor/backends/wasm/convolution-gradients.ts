import {
  Conv2DBackpropFilter,
  backend_util,
  matMul,
  pad,
  registerKernel,
  reshape,
  stack,
  stridedSlice,
  tidy,
} from '@tensorflow/tfjs-core';
import type { Conv2DBackpropFilterAttrs, Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import { ArgumentError } from '../../../errors.ts';

/** For each tap the pixels it sees, transposed, times dy: [C, M]·[M, N] → [Kh, Kw, C, N]. */
const filterGradient: Composition<Conv2DBackpropFilterAttrs> = ({ x, dy }, attrs) => {
  const { filterShape, strides, pad: padding, dataFormat, dimRoundingMode } = attrs;
  requireChannelsLast('conv2d', dataFormat);
  const info = backend_util.computeConv2DInfo(x!.shape, filterShape, strides, 1, padding, dimRoundingMode);
  const [, , C, N] = filterShape;
  const rows = reshape(dy!, [-1, N]);
  const products = pixelsOfTaps(x!, info).map((pixels) => matMul(reshape(pixels, [-1, C]), rows, true));
  return reshape(stack(products), filterShape);
};

/** The gradients that tfjs-wasm 4.22 has no kernels for, from kernels that it has. */
export function registerConvolutionGradients(): void {
  register(Conv2DBackpropFilter, filterGradient);
}

/** A kernel of stock operations; the engine passes the op's own inputs and attributes, as tensors. */
type Composition<Attrs> = (inputs: Readonly<Record<string, Tensor4D>>, attrs: Attrs) => Tensor;

function register<Attrs>(kernelName: string, compose: Composition<Attrs>): void {
  registerKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) =>
      tidy(() => compose(inputs as Record<string, Tensor4D>, attrs as unknown as Attrs)),
  });
}

type ConvInfo = ReturnType<typeof backend_util.computeConv2DInfo>;

/** For each tap the pixels [B, Oh, Ow, C] that lie under it, zero outside the images. */
function pixelsOfTaps(x: Tensor4D, info: ConvInfo): Tensor[] {
  const { batchSize, inChannels, filterHeight, filterWidth, outHeight, outWidth } = info;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo, inHeight, inWidth } = info;
  // As far as the last window reaches, which need not be as far as the padding goes.
  const [height, width] = [(outHeight - 1) * strideHeight + 1, (outWidth - 1) * strideWidth + 1];
  const below = Math.max(0, height + (filterHeight - 1) * dilationHeight - padInfo.top - inHeight);
  const right = Math.max(0, width + (filterWidth - 1) * dilationWidth - padInfo.left - inWidth);
  const padded = pad(x, [
    [0, 0],
    [padInfo.top, below],
    [padInfo.left, right],
    [0, 0],
  ]);
  return Array.from({ length: filterHeight * filterWidth }, (_, tap) => {
    const top = Math.floor(tap / filterWidth) * dilationHeight;
    const left = (tap % filterWidth) * dilationWidth;
    const end = [batchSize, top + height, left + width, inChannels];
    return stridedSlice(padded, [0, top, left, 0], end, [1, strideHeight, strideWidth, 1]);
  });
}

function requireChannelsLast(op: string, dataFormat: string): void {
  if (dataFormat === 'NHWC') return;
  throw new ArgumentError(`gradient of ${op}: expected the format NHWC on the wasm backend, got ${dataFormat}.`);
}
