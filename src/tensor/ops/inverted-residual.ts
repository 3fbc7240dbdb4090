import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';

import { add, fused } from '../tfjs.ts';
import { dims } from '../dims.ts';
import { defineOp, runOp } from '../op.ts';
import { ranked } from '../ranked.ts';
import type { Rectifier } from './convolution-with-skip.ts';

/** A convolution of the block with its bias, one value for each channel that it gives. */
interface BiasedFilter {
  readonly kernel: Tensor;
  readonly bias: Tensor;
}

export interface InvertedResidualFilters {
  /** [1, 1, C, E]; without it x is as wide as the middle. */
  readonly expand?: BiasedFilter | undefined;
  /** [k, k, E, 1] */
  readonly depthwise: BiasedFilter;
  /** [1, 1, E, N] */
  readonly project: BiasedFilter;
}

export interface InvertedResidualAttrs {
  /** Of the depthwise convolution, like the padding, as of tfjs's `depthwiseConv2d`. */
  readonly strides: number;
  readonly pad: 'same' | 'valid' | number;
  /** After the first two convolutions. */
  readonly activation: Rectifier;
  /** Whether x is added at the end. */
  readonly residual: boolean;
}

/**
 * Expansion, depthwise convolution, projection and perhaps the sum with x (Sandler et al. 2018, figure 3b):
 * [B, H, W, C] → [B, Oh, Ow, N]. The middle is several times as wide as its ends, and no
 * tensor of its own where a backend has a kernel for the whole.
 *
 * @throws ShapeError when the filters do not fit together.
 */
export function invertedResidual(
  x: Tensor4D,
  { expand, depthwise, project }: InvertedResidualFilters,
  attrs: InvertedResidualAttrs,
): Tensor4D {
  const { C } = dims('inverted residual x', x, 'B H W C');
  const { E } =
    expand === undefined ? { E: C } : dims('inverted residual expand', expand.kernel, 'one one C E', { one: 1, C });
  dims('inverted residual depthwise', depthwise.kernel, 'k k E one', { E, one: 1 });
  const { N } = dims('inverted residual project', project.kernel, 'one one E N', { one: 1, E });
  if (expand !== undefined) dims('inverted residual expand bias', expand.bias, 'E', { E });
  dims('inverted residual depthwise bias', depthwise.bias, 'E', { E });
  dims('inverted residual project bias', project.bias, 'N', { N: attrs.residual ? C : N });
  const filters = expand === undefined ? [depthwise, project] : [depthwise, project, expand];
  const inputs = [x, ...filters.flatMap(({ kernel, bias }) => [kernel, bias])];
  // One output with the rank of x.
  return runOp(INVERTED_RESIDUAL, inputs, attrs)[0] as Tensor4D;
}

export const INVERTED_RESIDUAL = defineOp<InvertedResidualAttrs>({
  name: 'PatchlensInvertedResidual',
  compose: (inputs, attrs) => [composed(inputs, attrs)],
});

interface InvertedResidualInputs {
  readonly x: Tensor4D;
  readonly depthwise: ConvolutionInputs;
  readonly project: ConvolutionInputs;
  readonly expand: ConvolutionInputs | undefined;
}

interface ConvolutionInputs {
  readonly filter: Tensor4D;
  readonly bias: Tensor1D;
}

/** Gives the ordered inputs of the kernel their names. */
export function namedInputs([x, ...rest]: readonly Tensor[]): InvertedResidualInputs {
  const at = (i: number): ConvolutionInputs => ({
    filter: ranked('inverted residual filter', rest[i]!, 4),
    bias: ranked('inverted residual bias', rest[i + 1]!, 1),
  });
  return {
    x: ranked('inverted residual x', x!, 4),
    depthwise: at(0),
    project: at(2),
    expand: rest.length > 4 ? at(4) : undefined,
  };
}

function composed(inputs: readonly Tensor[], { strides, pad, activation, residual }: InvertedResidualAttrs): Tensor4D {
  const { x, expand, depthwise, project } = namedInputs(inputs);
  const pointwise = { strides: 1, pad: 'valid' } as const;
  const wide = expand === undefined ? x : fused.conv2d({ x, ...expand, ...pointwise, activation });
  const filtered = fused.depthwiseConv2d({ x: wide, ...depthwise, strides, pad, activation });
  const narrow = fused.conv2d({ x: filtered, ...project, ...pointwise });
  return residual ? add<Tensor4D>(narrow, x) : narrow;
}
