import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import { add, backend_util, fused, relu, relu6 } from '../tfjs.ts';
import { ShapeError } from '../../errors.ts';
import { defineOp, runOp } from '../op.ts';

/** What may follow a convolution, by tfjs's names. */
export type Rectifier = 'linear' | 'relu' | 'relu6';

export interface ConvolutionWithSkipAttrs {
  readonly strides: number;
  /** As of tfjs's `conv2d`. */
  readonly pad: 'same' | 'valid' | number;
  readonly activation: Rectifier;
}

export interface ConvolutionWithSkipOptions extends ConvolutionWithSkipAttrs {
  /** [N] */
  readonly bias?: Tensor | undefined;
}

/**
 * activation(x * filter + bias + skip), the end of a residual block (He et al. 2016, figure 2): x [B, H, W, C], filter
 * [Kh, Kw, C, N], skip [B, Oh, Ow, N] → as the skip.
 *
 * @throws ShapeError when the skip is not as the convolution's output.
 */
export function convolutionWithSkip(
  x: Tensor4D,
  filter: Tensor4D,
  skip: Tensor4D,
  { bias, ...attrs }: ConvolutionWithSkipOptions,
): Tensor4D {
  const { outShape } = backend_util.computeConv2DInfo(x.shape, filter.shape, attrs.strides, 1, attrs.pad);
  if (skip.shape.join() !== outShape.join()) {
    throw new ShapeError(`convolution skip: expected [${outShape.join(', ')}], got [${skip.shape.join(', ')}]`);
  }
  const inputs = [x, filter, skip, ...(bias === undefined ? [] : [bias])];
  // One output with the skip's rank.
  return runOp(CONVOLUTION_WITH_SKIP, inputs, attrs)[0] as Tensor4D;
}

export const CONVOLUTION_WITH_SKIP = defineOp<ConvolutionWithSkipAttrs>({
  name: 'PatchlensConvolutionWithSkip',
  compose: (inputs, attrs) => [composed(inputs, attrs)],
});

function composed([x, filter, skip, bias]: readonly Tensor[], attrs: ConvolutionWithSkipAttrs): Tensor4D {
  const { strides, pad, activation } = attrs;
  const operands = { x: x as Tensor4D, filter: filter as Tensor4D, ...(bias && { bias }) };
  return rectified(add<Tensor4D>(fused.conv2d({ ...operands, strides, pad }), skip!), activation);
}

/** An activation as an operation of its own. */
export function rectified(x: Tensor4D, activation: Rectifier): Tensor4D {
  switch (activation) {
    case 'relu':
      return relu(x);
    case 'relu6':
      return relu6(x);
    case 'linear':
      return x;
  }
}
