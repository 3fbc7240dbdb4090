import { backend_util, util } from '@tensorflow/tfjs-core';
import type { Conv2DAttrs, FusedConv2DAttrs, Tensor, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core';

import type { Device } from '../forward.ts';
import { PRECISION_CODES } from '../precision-codes.ts';
import type { PartialForward } from '../replace.ts';
import { FUSED_ACTIVATIONS, activated, isChannelBias } from './fused.ts';
import { geometryOf } from './windows.ts';

/** The kernel behind `conv2d`: x [B, H, W, C], filter [Kh, Kw, C, N] → [B, Oh, Ow, N]. */
export const conv2d: PartialForward<Conv2DAttrs> = ([x, filter], attrs, device) => {
  return convolve(x as Tensor4D, filter as Tensor4D, undefined, attrs, 0, device);
};

/** The kernel behind `fused.conv2d` where the bias, if any, is one value for each channel. */
export const fusedConv2d: PartialForward<FusedConv2DAttrs> = ([x, filter, bias, preluWeights], attrs, device) => {
  if (!isChannelBias(bias, filter!.shape[3]!)) return undefined;
  const code = FUSED_ACTIVATIONS[attrs.activation];
  const y = convolve(x as Tensor4D, filter as Tensor4D, bias, attrs, code ?? 0, device);
  return y === undefined || code !== undefined ? y : activated(y, attrs, preluWeights, device);
};

function convolve(
  x: Tensor4D,
  filter: Tensor4D,
  bias: Tensor | undefined,
  { strides, pad, dataFormat, dilations, dimRoundingMode }: Conv2DAttrs,
  activation: number,
  device: Device,
): TensorInfo | undefined {
  if (x.dtype !== 'float32' || filter.dtype !== 'float32' || dataFormat !== 'NHWC') return undefined;
  const info = backend_util.computeConv2DInfo(x.shape, filter.shape, strides, dilations, pad, dimRoundingMode);
  const geometry = geometryOf(info);
  if (geometry === undefined) return undefined;
  const { backend, addon } = device;
  const operands = [
    backend.floatsOf('conv2d x', x),
    packedFilter(filter, device),
    bias === undefined ? null : backend.floatsOf('conv2d bias', bias),
  ] as const;
  const { info: y, values } = backend.output(info.outShape);
  addon.convolution(...operands, values, geometry, activation);
  return y;
}

/** The filter as the matrix [Kh·Kw·C, N], packed once for as long as its tensor lives. */
function packedFilter(filter: Tensor4D, { backend }: Device): Float32Array {
  const N = filter.shape[3];
  const K = util.sizeFromShape(filter.shape.slice(0, 3));
  return backend.packedForm({ dataId: filter.dataId, dtype: filter.dtype, shape: [K, N] }, PRECISION_CODES.f32);
}
