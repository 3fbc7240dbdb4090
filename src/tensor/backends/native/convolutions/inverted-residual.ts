import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';

import { ShapeError } from '../../../../errors.ts';
import { currentPrecision } from '../../../precision.ts';
import { namedInputs } from '../../../ops/inverted-residual.ts';
import type { InvertedResidualAttrs } from '../../../ops/inverted-residual.ts';
import type { Device, Forward } from '../forward.ts';
import { PRECISION_CODES } from '../precision-codes.ts';
import { FUSED_ACTIVATIONS } from './fused.ts';
import { depthwiseGeometry } from './windows.ts';

/** Expansion, depthwise convolution and projection in one call, an image at a time, the middle in memory that is used again. */
export const invertedResidual: Forward<InvertedResidualAttrs> = (inputs, attrs, device) => {
  const { backend, addon } = device;
  const { x, expand, depthwise, project } = namedInputs(inputs);
  const [B, H, W] = x.shape;
  const { filter } = depthwise;
  const { info, geometry } = depthwiseGeometry([B, H, W, filter.shape[2]], filter.shape, { ...attrs, dilations: 1 });
  if (geometry === undefined) throw new ShapeError(`inverted residual: expected images, got [${x.shape.join(', ')}]`);
  const { info: y, values } = backend.output([B, info.outHeight, info.outWidth, project.filter.shape[3]]);
  if (values.length === 0) return y;
  const precision = PRECISION_CODES[currentPrecision()];
  const [wider, widerBias] = expand === undefined ? [null, null] : pointwise(expand, precision, device);
  const [narrower, narrowerBias] = pointwise(project, precision, device);
  const operands = [
    backend.floatsOf('inverted residual x', x),
    wider,
    widerBias,
    backend.floatsOf('inverted residual filter', filter),
    backend.floatsOf('inverted residual bias', depthwise.bias),
    narrower,
    narrowerBias,
  ] as const;
  const activation = FUSED_ACTIVATIONS[attrs.activation]!;
  addon.invertedResidual(...operands, values, geometry, activation, Number(attrs.residual), precision);
  return y;
};

/** A 1×1 filter [1, 1, C, N] as a matrix packed for a precision, and the bias. */
function pointwise(
  { filter, bias }: { readonly filter: Tensor4D; readonly bias: Tensor1D },
  precision: number,
  { backend }: Device,
): readonly [packed: Float32Array, bias: Float32Array] {
  const { dataId, dtype, shape } = filter;
  const packed = backend.packedForm({ dataId, dtype, shape: shape.slice(2) }, precision);
  return [packed, backend.floatsOf('inverted residual bias', bias)];
}
