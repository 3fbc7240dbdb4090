import type { MaxPoolAttrs, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core';

import { backend_util, util } from '../../../tfjs.ts';
import type { PartialForward } from '../replace.ts';
import { geometryOf } from './windows.ts';

/** `maxPool` or `avgPool`: x [B, H, W, C] → [B, Oh, Ow, C]; an average does not count the padding. */
export function pool(kernel: 'maxPool' | 'averagePool'): PartialForward<MaxPoolAttrs> {
  return ([x], attrs, { backend, addon }): TensorInfo | undefined => {
    const info = infoFor(x as Tensor4D, attrs);
    const geometry = geometryOf(info);
    // Windows of one pixel each: the stock kernel gives the same data another name.
    const isIdentity = info.filterHeight * info.filterWidth === 1 && util.arraysEqual(info.inShape, info.outShape);
    if (x!.dtype !== 'float32' || geometry === undefined || isIdentity) return undefined;
    const pixels = backend.floatsOf(kernel, x!);
    const { info: y, values } = backend.output(info.outShape);
    addon[kernel](pixels, values, geometry);
    return y;
  };
}

/** dy [B, Oh, Ow, C], x [B, H, W, C] → the gradient of x. */
export const maxPoolGradient: PartialForward<MaxPoolAttrs> = ([dy, x], attrs, { backend, addon }) => {
  const geometry = geometryOf(infoFor(x as Tensor4D, attrs));
  if (geometry === undefined || x!.dtype !== 'float32') return undefined;
  const operands = [backend.floatsOf('maxPool gradient', dy!), backend.floatsOf('maxPool x', x!)] as const;
  const { info, values } = backend.output(x!.shape);
  addon.maxPoolGradient(...operands, values, geometry);
  return info;
};

/**
 * dy [B, Oh, Ow, C], x [B, H, W, C] → the gradient of x. The stock kernel divides by all of a window's taps, also of one
 * at the border, whose average it took over fewer.
 */
export const averagePoolGradient: PartialForward<MaxPoolAttrs> = ([dy, x], attrs, { backend, addon }) => {
  const geometry = geometryOf(infoFor(x as Tensor4D, attrs));
  if (geometry === undefined) return undefined;
  const slopes = backend.floatsOf('avgPool gradient', dy!);
  const { info, values } = backend.output(x!.shape);
  addon.averagePoolGradient(slopes, values, geometry);
  return info;
};

function infoFor(
  { shape }: Tensor4D,
  { filterSize, strides, pad, dimRoundingMode }: MaxPoolAttrs,
): ReturnType<typeof backend_util.computePool2DInfo> {
  return backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
}
