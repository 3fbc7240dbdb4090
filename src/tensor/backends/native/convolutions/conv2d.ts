import type { Conv2DAttrs, FusedConv2DAttrs, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core';

import { backend_util } from '../../../tfjs.ts';
import { ShapeError } from '../../../../errors.ts';
import type { ConvolutionWithSkipAttrs } from '../../../ops/convolution-with-skip.ts';
import { currentPrecision } from '../../../precision.ts';
import type { Device, Forward } from '../forward.ts';
import { PRECISION_CODES } from '../precision-codes.ts';
import type { PartialForward } from '../replace.ts';
import { FUSED_ACTIVATIONS, fusedBy } from './fused.ts';
import type { ConvolutionOperands } from './fused.ts';
import { geometryOf } from './windows.ts';

/** The kernel behind `conv2d`: x [B, H, W, C], filter [Kh, Kw, C, N] → [B, Oh, Ow, N]. */
export const conv2d: PartialForward<Conv2DAttrs> = ([x, filter], attrs, device) =>
  convolve({ x: x as Tensor4D, filter: filter as Tensor4D }, attrs, device);

/** The kernel behind `fused.conv2d`. */
export const fusedConv2d = fusedBy<FusedConv2DAttrs>(convolve, ({ shape }) => shape[3]);

/** Of the op of that name. */
export const convolutionWithSkip: Forward<ConvolutionWithSkipAttrs> = ([x, filter, skip, bias], attrs, device) => {
  const { activation, ...place } = attrs;
  const operands = { x: x as Tensor4D, filter: filter as Tensor4D, bias, skip };
  const windows = { ...place, dataFormat: 'NHWC', dilations: 1 } as const;
  const y = convolve({ ...operands, activation: FUSED_ACTIVATIONS[activation]! }, windows, device);
  if (y === undefined) throw new ShapeError('convolution: expected float32 tensors, got others');
  return y;
};

function convolve(
  { x, filter, bias, skip, activation = 0 }: ConvolutionOperands,
  attrs: Conv2DAttrs,
  device: Device,
): TensorInfo | undefined {
  const { strides, pad, dataFormat, dilations, dimRoundingMode } = attrs;
  if (x.dtype !== 'float32' || filter.dtype !== 'float32' || dataFormat !== 'NHWC') return undefined;
  const info = backend_util.computeConv2DInfo(x.shape, filter.shape, strides, dilations, pad, dimRoundingMode);
  const geometry = geometryOf(info);
  if (geometry === undefined) return undefined;
  const { backend, addon } = device;
  const precision = PRECISION_CODES[currentPrecision()];
  const operands = [
    backend.floatsOf('conv2d x', x),
    backend.floatsOf('conv2d filter', filter),
    packedFilter(filter, { geometry, precision }, device),
    bias === undefined ? null : backend.floatsOf('conv2d bias', bias),
    skip === undefined ? null : backend.floatsOf('conv2d skip', skip),
  ] as const;
  const { info: y, values } = backend.output(info.outShape);
  addon.convolution(...operands, values, geometry, activation, precision);
  return y;
}

interface PackedFor {
  readonly geometry: Int32Array;
  readonly precision: number;
}

/** The filter as the addon takes it for such windows in a precision, packed once for as long as its tensor lives. */
function packedFilter(filter: Tensor4D, { geometry, precision }: PackedFor, { backend, addon }: Device): Float32Array {
  const form = `${filter.shape.join(' ')} filter ${addon.filterForm(geometry, precision)} ${precision}`;
  return backend.packed(filter, form, (floats) => {
    const values = new Float32Array(addon.packedFilterLength(geometry, precision));
    addon.packFilter(floats, values, geometry, precision);
    return values;
  });
}
