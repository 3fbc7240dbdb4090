import type {
  DepthwiseConv2dNativeAttrs,
  FusedDepthwiseConv2DAttrs,
  Tensor,
  Tensor4D,
  TensorInfo,
} from '@tensorflow/tfjs-core';

import type { Device } from '../forward.ts';
import type { PartialForward } from '../replace.ts';
import { FUSED_ACTIVATIONS, activated, isChannelBias } from './fused.ts';
import { depthwiseGeometry } from './windows.ts';

/** The kernel behind `depthwiseConv2d`: x [B, H, W, C], filter [Kh, Kw, C, q] → [B, Oh, Ow, C·q]. */
export const depthwiseConv2d: PartialForward<DepthwiseConv2dNativeAttrs> = ([x, filter], attrs, device) =>
  convolve(x as Tensor4D, filter as Tensor4D, undefined, attrs, 0, device);

/** The kernel behind `fused.depthwiseConv2d` where the bias, if any, is one value for each channel. */
export const fusedDepthwiseConv2d: PartialForward<FusedDepthwiseConv2DAttrs> = (
  [x, filter, bias, preluWeights],
  attrs,
  device,
) => {
  const [, , C = 0, q = 0] = filter!.shape;
  if (!isChannelBias(bias, C * q)) return undefined;
  const code = FUSED_ACTIVATIONS[attrs.activation];
  const y = convolve(x as Tensor4D, filter as Tensor4D, bias, attrs, code ?? 0, device);
  return y === undefined || code !== undefined ? y : activated(y, attrs, preluWeights, device);
};

function convolve(
  x: Tensor4D,
  filter: Tensor4D,
  bias: Tensor | undefined,
  attrs: DepthwiseConv2dNativeAttrs,
  activation: number,
  { backend, addon }: Device,
): TensorInfo | undefined {
  if (x.dtype !== 'float32' || filter.dtype !== 'float32' || (attrs.dataFormat ?? 'NHWC') !== 'NHWC') return undefined;
  const { info, geometry } = depthwiseGeometry(x.shape, filter.shape, attrs);
  if (geometry === undefined) return undefined;
  const operands = [
    backend.floatsOf('depthwiseConv2d x', x),
    backend.floatsOf('depthwiseConv2d filter', filter),
    bias === undefined ? null : backend.floatsOf('depthwiseConv2d bias', bias),
  ] as const;
  const { info: y, values } = backend.output(info.outShape);
  addon.depthwise(...operands, values, geometry, activation);
  return y;
}
