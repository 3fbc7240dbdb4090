import type {
  DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInputAttrs,
  Tensor4D,
} from '@tensorflow/tfjs-core';

import type { PartialForward } from '../replace.ts';
import { depthwiseGeometry } from './windows.ts';

/** dy [B, Oh, Ow, C·q], filter [Kh, Kw, C, q] → the gradient of x [B, H, W, C]. */
export const depthwiseInputGradient: PartialForward<DepthwiseConv2dNativeBackpropInputAttrs> = (
  [dy, filter],
  attrs,
  { backend, addon },
) => {
  const { geometry } = depthwiseGeometry(attrs.inputShape, (filter as Tensor4D).shape, attrs);
  if (geometry === undefined) return undefined;
  const operands = [
    backend.floatsOf('depthwiseConv2d gradient', dy!),
    backend.floatsOf('depthwiseConv2d filter', filter!),
  ] as const;
  const { info, values } = backend.output(attrs.inputShape);
  addon.depthwiseInputGradient(...operands, values, geometry);
  return info;
};

/** x [B, H, W, C], dy [B, Oh, Ow, C·q] → the gradient of the filter [Kh, Kw, C, q]. */
export const depthwiseFilterGradient: PartialForward<DepthwiseConv2dNativeBackpropFilterAttrs> = (
  [x, dy],
  attrs,
  { backend, addon },
) => {
  const { geometry } = depthwiseGeometry((x as Tensor4D).shape, attrs.filterShape, attrs);
  if (geometry === undefined) return undefined;
  const operands = [
    backend.floatsOf('depthwiseConv2d x', x!),
    backend.floatsOf('depthwiseConv2d gradient', dy!),
  ] as const;
  const { info, values } = backend.output(attrs.filterShape);
  addon.depthwiseFilterGradient(...operands, values, geometry);
  return info;
};
