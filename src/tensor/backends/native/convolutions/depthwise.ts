import type {
  DepthwiseConv2dNativeAttrs,
  FusedDepthwiseConv2DAttrs,
  Tensor4D,
  TensorInfo,
} from '@tensorflow/tfjs-core';

import type { Device } from '../forward.ts';
import type { PartialForward } from '../replace.ts';
import { fusedBy } from './fused.ts';
import type { ConvolutionOperands } from './fused.ts';
import { depthwiseGeometry } from './windows.ts';

/** The kernel behind `depthwiseConv2d`: x [B, H, W, C], filter [Kh, Kw, C, q] → [B, Oh, Ow, C·q]. */
export const depthwiseConv2d: PartialForward<DepthwiseConv2dNativeAttrs> = ([x, filter], attrs, device) =>
  convolve({ x: x as Tensor4D, filter: filter as Tensor4D }, attrs, device);

/** The kernel behind `fused.depthwiseConv2d`. */
export const fusedDepthwiseConv2d = fusedBy<FusedDepthwiseConv2DAttrs>(convolve, ({ shape: [, , C, q] }) => C * q);

function convolve(
  { x, filter, bias, activation = 0 }: ConvolutionOperands,
  attrs: DepthwiseConv2dNativeAttrs,
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
