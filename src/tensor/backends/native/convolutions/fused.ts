import type { FusedConv2DAttrs, Tensor, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core';

import { getKernel } from '../../../tfjs.ts';
import type { Device } from '../forward.ts';
import type { PartialForward } from '../replace.ts';

/** Activations that a kernel applies before it writes: `enum class Activation` of cpp/kernels.h by tfjs's names. */
export const FUSED_ACTIVATIONS: Readonly<Record<string, number>> = { linear: 0, relu: 1, relu6: 5 };

export interface ConvolutionOperands {
  readonly x: Tensor4D;
  readonly filter: Tensor4D;
  readonly bias?: Tensor | undefined;
  /** Added before the activation; not of a depthwise convolution. */
  readonly skip?: Tensor | undefined;
  /** One of FUSED_ACTIVATIONS; default none. */
  readonly activation?: number;
}

/** A convolution, or undefined where the stock kernel is to do it. */
type Convolve<Attrs> = (operands: ConvolutionOperands, attrs: Attrs, device: Device) => TensorInfo | undefined;

/**
 * The kernel behind a fused convolution where the bias, if any, is one value for each of the channels that its filter
 * gives.
 */
export function fusedBy<Attrs extends FusedAttrs>(
  convolve: Convolve<Attrs>,
  channelsOf: (filter: Tensor4D) => number,
): PartialForward<Attrs> {
  return ([x, kernel, bias, preluWeights], attrs, device) => {
    // Of rank 4, as tfjs has checked.
    const filter = kernel as Tensor4D;
    if (!isChannelBias(bias, channelsOf(filter))) return undefined;
    const activation = FUSED_ACTIVATIONS[attrs.activation];
    const y = convolve({ x: x as Tensor4D, filter, bias, activation: activation ?? 0 }, attrs, device);
    return y === undefined || activation !== undefined ? y : activated(y, attrs, preluWeights, device);
  };
}

type FusedAttrs = Pick<FusedConv2DAttrs, 'activation' | 'leakyreluAlpha'>;

/** Whether a bias is absent or one value for each of N channels. */
function isChannelBias(bias: Tensor | undefined, N: number): boolean {
  return bias === undefined || (bias.dtype === 'float32' && bias.size === N && bias.shape.at(-1) === N);
}

/** Any other activation, by its own kernel, which takes the place of x. */
function activated(
  x: TensorInfo,
  { activation, leakyreluAlpha }: FusedAttrs,
  alpha: Tensor | undefined,
  { backend }: Device,
): TensorInfo {
  const kernelName = KERNELS[activation];
  const kernel = kernelName === undefined ? undefined : getKernel(kernelName, 'native');
  if (kernel === undefined) throw new Error(`fused convolution: expected a known activation, got ${activation}.`);
  const inputs: Record<string, TensorInfo> = alpha === undefined ? { x } : { x, alpha };
  // One output, because each of these kernels has one.
  const y = kernel.kernelFunc({ inputs, attrs: { alpha: leakyreluAlpha ?? 0.2 }, backend }) as TensorInfo;
  backend.disposeIntermediateTensorInfo(x);
  return y;
}

const KERNELS: Readonly<Record<string, string>> = {
  prelu: 'Prelu',
  elu: 'Elu',
  leakyrelu: 'LeakyRelu',
  sigmoid: 'Sigmoid',
};
