import type {
  Conv2DBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInputAttrs,
  MaxPoolGradAttrs,
  Tensor,
  Tensor4D,
} from '@tensorflow/tfjs-core';

import {
  Conv2DBackpropFilter,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  MaxPoolGrad,
  addN,
  backend_util,
  cast,
  equal,
  getKernel,
  logicalAnd,
  logicalNot,
  logicalOr,
  matMul,
  mul,
  registerKernel,
  reshape,
  slice,
  stack,
  sum,
  tidy,
  unregisterKernel,
  zerosLike,
} from '../../tfjs.ts';
import { ArgumentError } from '../../../errors.ts';
import { pixelsOfTaps, spreadTap } from './taps.ts';

/**
 * The gradients that tfjs-wasm 4.22 has no kernels for, and that of `maxPool`, whose kernel passes nothing on where a
 * window's pixels are all negative, from kernels that it has.
 */
export function registerConvolutionGradients(): void {
  register(Conv2DBackpropFilter, filterGradient);
  register(DepthwiseConv2dNativeBackpropInput, depthwiseInputGradient);
  register(DepthwiseConv2dNativeBackpropFilter, depthwiseFilterGradient);
  register(MaxPoolGrad, maxPoolGradient);
}

/** A kernel of stock operations; the engine passes the op's own inputs and attributes, as tensors. */
type Composition<Attrs> = (inputs: Readonly<Record<string, Tensor4D>>, attrs: Attrs) => Tensor;

function register<Attrs>(kernelName: string, compose: Composition<Attrs>): void {
  if (getKernel(kernelName, 'wasm') !== undefined) unregisterKernel(kernelName, 'wasm');
  registerKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) =>
      tidy(() => compose(inputs as Record<string, Tensor4D>, attrs as unknown as Attrs)),
  });
}

/** For each tap the pixels it sees, transposed, times dy: [C, M]·[M, N] → [Kh, Kw, C, N]. */
function filterGradient({ x, dy }: Readonly<Record<string, Tensor4D>>, attrs: Conv2DBackpropFilterAttrs): Tensor {
  const { filterShape, strides, pad, dataFormat, dimRoundingMode } = attrs;
  if (dataFormat !== 'NHWC') {
    throw new ArgumentError(`gradient of conv2d: expected the format NHWC on the wasm backend, got ${dataFormat}.`);
  }
  const info = backend_util.computeConv2DInfo(x!.shape, filterShape, strides, 1, pad, dimRoundingMode);
  const [, , C, N] = filterShape;
  const rows = reshape(dy!, [-1, N]);
  const products = pixelsOfTaps(x!, info).map((pixels) => matMul(reshape(pixels, [-1, C]), rows, true));
  return reshape(stack(products), filterShape);
}

/** The sum over taps of dy times the tap's weights, on the pixels that it sees. */
function depthwiseInputGradient(
  { dy, filter }: Readonly<Record<string, Tensor4D>>,
  { inputShape, strides, dilations, pad, dimRoundingMode }: DepthwiseConv2dNativeBackpropInputAttrs,
): Tensor {
  const shape = filter!.shape;
  const steps = [strides, dilations ?? 1] as const;
  const info = backend_util.computeConv2DInfo(inputShape, shape, ...steps, pad, dimRoundingMode, true);
  const [Kh, Kw, C, q] = shape;
  const [B, Oh, Ow] = dy!.shape;
  const taps = reshape(filter!, [Kh * Kw, C * q]);
  const parts = Array.from({ length: Kh * Kw }, (_, tap) => {
    const products = mul(dy!, slice(taps, [tap, 0], [1, -1]));
    return spreadTap(q === 1 ? (products as Tensor4D) : sum(reshape(products, [B, Oh, Ow, C, q]), 4), tap, info);
  });
  return addN(parts);
}

/** For each tap the sum over the windows of the pixel it sees times dy: [Kh, Kw, C, q]. */
function depthwiseFilterGradient(
  { x, dy }: Readonly<Record<string, Tensor4D>>,
  { filterShape, strides, dilations, pad, dimRoundingMode }: DepthwiseConv2dNativeBackpropFilterAttrs,
): Tensor {
  const steps = [strides, dilations ?? 1] as const;
  const info = backend_util.computeConv2DInfo(x!.shape, filterShape, ...steps, pad, dimRoundingMode, true);
  const [, , C, q] = filterShape;
  const slopes = reshape(dy!, [-1, C, q]);
  const sums = pixelsOfTaps(x!, info).map((pixels) => sum(mul(reshape(pixels, [-1, C, 1]), slopes), 0));
  return reshape(stack(sums), filterShape);
}

/** dy to the first of each window's greatest pixels. */
function maxPoolGradient(
  { dy, input, output }: Readonly<Record<string, Tensor4D>>,
  { filterSize, strides, pad, dimRoundingMode }: MaxPoolGradAttrs,
): Tensor {
  const info = backend_util.computePool2DInfo(input!.shape, filterSize, strides, 1, pad, dimRoundingMode);
  let isFound: Tensor = cast(zerosLike(output!), 'bool');
  const parts = pixelsOfTaps(input!, info, -Infinity).map((pixels, tap) => {
    const isGreatest = equal(pixels, output!);
    const isFirst = logicalAnd(isGreatest, logicalNot(isFound));
    isFound = logicalOr(isFound, isGreatest);
    return spreadTap(mul(dy!, cast(isFirst, 'float32')), tap, info);
  });
  return addN(parts);
}
