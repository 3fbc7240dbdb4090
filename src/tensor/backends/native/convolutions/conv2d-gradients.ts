import type { Conv2DBackpropFilterAttrs, Conv2DBackpropInputAttrs, Tensor4D } from '@tensorflow/tfjs-core';

import { backend_util } from '../../../tfjs.ts';
import type { PartialForward } from '../replace.ts';
import { geometryOf } from './windows.ts';

/** dy [B, Oh, Ow, N], filter [Kh, Kw, C, N] → the gradient of x [B, H, W, C]. */
export const conv2dInputGradient: PartialForward<Conv2DBackpropInputAttrs> = (
  [dy, filter],
  { inputShape, strides, pad, dataFormat, dimRoundingMode },
  { backend, addon },
) => {
  if (dataFormat !== 'NHWC') return undefined;
  const filterShape = (filter as Tensor4D).shape;
  const geometry = geometryOf(
    backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode),
  );
  if (geometry === undefined) return undefined;
  const operands = [backend.floatsOf('conv2d gradient', dy!), backend.floatsOf('conv2d filter', filter!)] as const;
  const { info, values } = backend.output(inputShape);
  addon.convolutionInputGradient(...operands, values, geometry);
  return info;
};

/** x [B, H, W, C], dy [B, Oh, Ow, N] → the gradient of the filter [Kh, Kw, C, N]. */
export const conv2dFilterGradient: PartialForward<Conv2DBackpropFilterAttrs> = (
  [x, dy],
  { filterShape, strides, pad, dataFormat, dimRoundingMode },
  { backend, addon },
) => {
  if (dataFormat !== 'NHWC') return undefined;
  const inputShape = (x as Tensor4D).shape;
  const geometry = geometryOf(
    backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode),
  );
  if (geometry === undefined) return undefined;
  const operands = [backend.floatsOf('conv2d x', x!), backend.floatsOf('conv2d gradient', dy!)] as const;
  const { info, values } = backend.output(filterShape);
  addon.convolutionFilterGradient(...operands, values, geometry);
  return info;
};
