import type { DepthwiseConv2dNativeAttrs } from '@tensorflow/tfjs-core';

import { backend_util } from '../../../tfjs.ts';

/** What tfjs works out for a convolution or a pooling from its attributes. */
export type ConvInfo = ReturnType<typeof backend_util.computeConv2DInfo>;

/**
 * The geometry of cpp/addon.cc: B, H, W, C, Kh, Kw, Oh, Ow, both strides, both dilations, the padding above and left of
 * the images, and the channels that come out. Undefined for what is not ours: channels before pixels, and sizes below
 * zero.
 */
export function geometryOf(info: ConvInfo): Int32Array | undefined {
  if (info.dataFormat !== 'channelsLast') return undefined;
  const { batchSize, inHeight, inWidth, inChannels, filterHeight, filterWidth, outHeight, outWidth } = info;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo, outChannels } = info;
  const sizes = [batchSize, inHeight, inWidth, inChannels, filterHeight, filterWidth, outHeight, outWidth];
  const steps = [strideHeight, strideWidth, dilationHeight, dilationWidth];
  const geometry = [...sizes, ...steps, padInfo.top, padInfo.left, outChannels];
  return geometry.every((value) => Number.isInteger(value) && value >= 0) ? Int32Array.from(geometry) : undefined;
}

type Shape4D = [number, number, number, number];

/** What tfjs works out for a depthwise convolution, and its geometry. */
export function depthwiseGeometry(
  inputShape: Shape4D,
  filterShape: Shape4D,
  { strides, dilations, pad, dimRoundingMode }: Omit<DepthwiseConv2dNativeAttrs, 'dataFormat'>,
): { readonly info: ConvInfo; readonly geometry: Int32Array | undefined } {
  // tfjs allows no dilations to be given, though its types do not.
  const steps = [strides, dilations ?? 1] as const;
  const info = backend_util.computeConv2DInfo(inputShape, filterShape, ...steps, pad, dimRoundingMode, true);
  return { info, geometry: geometryOf(info) };
}
