import type { Tensor4D, backend_util } from '@tensorflow/tfjs-core';

import { pad, reshape, slice, stridedSlice } from '../../tfjs.ts';

export type ConvInfo = ReturnType<typeof backend_util.computeConv2DInfo>;

/** For each tap the pixels [B, Oh, Ow, C] that lie under it, `outside` where that is outside the images. */
export function pixelsOfTaps(x: Tensor4D, info: ConvInfo, outside = 0): Tensor4D[] {
  const { batchSize, inChannels, strideHeight, strideWidth } = info;
  const { height, width, reach } = extents(info);
  const padded = pad(x, reach, outside);
  return tapsOf(info).map(([top, left]) => {
    const end = [batchSize, top + height, left + width, inChannels];
    // A slice of a tensor of rank 4 has rank 4.
    return stridedSlice(padded, [0, top, left, 0], end, [1, strideHeight, strideWidth, 1]) as Tensor4D;
  });
}

/** The other way: values [B, Oh, Ow, C] for one tap onto the pixels [B, H, W, C] under it, zero elsewhere. */
export function spreadTap(values: Tensor4D, tap: number, info: ConvInfo): Tensor4D {
  const { batchSize, inChannels, inHeight, inWidth, strideHeight, strideWidth } = info;
  const { height, width, reach } = extents(info);
  const [top, left] = tapsOf(info)[tap]!;
  const spread = slice(apart(values, strideHeight, strideWidth), [0, 0, 0, 0], [-1, height, width, -1]);
  const [, [above, below], [before, behind]] = reach;
  const bottom = inHeight + above + below - top - height;
  const right = inWidth + before + behind - left - width;
  const onPadded = pad(spread, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  return slice(onPadded, [0, above, before, 0], [batchSize, inHeight, inWidth, inChannels]);
}

/** Rows and columns set apart by zeros: [B, H, W, C] → [B, H·down, W·across, C]. */
function apart(x: Tensor4D, down: number, across: number): Tensor4D {
  const [B, H, W, C] = x.shape;
  const columns = pad(reshape(x, [-1, C]), [
    [0, 0],
    [0, (across - 1) * C],
  ]);
  const rows = pad(reshape(columns, [B * H, -1]), [
    [0, 0],
    [0, (down - 1) * W * across * C],
  ]);
  return reshape(rows, [B, H * down, W * across, C]);
}

/** Where each tap begins on the padded images. */
function tapsOf({ filterHeight, filterWidth, dilationHeight, dilationWidth }: ConvInfo): [top: number, left: number][] {
  return Array.from({ length: filterHeight * filterWidth }, (_, tap) => [
    Math.floor(tap / filterWidth) * dilationHeight,
    (tap % filterWidth) * dilationWidth,
  ]);
}

type Reach = [[0, 0], [number, number], [number, number], [0, 0]];

/** How many pixels one tap passes over, and padding as far as the last window reaches, which need not be all there is. */
function extents(info: ConvInfo): { readonly height: number; readonly width: number; readonly reach: Reach } {
  const { outHeight, outWidth, filterHeight, filterWidth, inHeight, inWidth, padInfo } = info;
  const height = (outHeight - 1) * info.strideHeight + 1;
  const width = (outWidth - 1) * info.strideWidth + 1;
  const below = Math.max(0, height + (filterHeight - 1) * info.dilationHeight - padInfo.top - inHeight);
  const right = Math.max(0, width + (filterWidth - 1) * info.dilationWidth - padInfo.left - inWidth);
  return {
    height,
    width,
    reach: [
      [0, 0],
      [padInfo.top, below],
      [padInfo.left, right],
      [0, 0],
    ],
  };
}
