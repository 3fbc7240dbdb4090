import { getKernel } from '@tensorflow/tfjs-core';
import type { FusedConv2DAttrs, Tensor, TensorInfo } from '@tensorflow/tfjs-core';

import type { Device } from '../forward.ts';

/** Activations that a kernel applies before it writes: `enum class Activation` of cpp/kernels.h by tfjs's names. */
export const FUSED_ACTIVATIONS: Readonly<Record<string, number>> = { linear: 0, relu: 1, relu6: 5 };

/** Whether a bias is absent or one value for each of N channels. */
export function isChannelBias(bias: Tensor | undefined, N: number): boolean {
  return bias === undefined || (bias.dtype === 'float32' && bias.size === N && bias.shape.at(-1) === N);
}

/** Any other activation, by its own kernel, which takes the place of x. */
export function activated(
  x: TensorInfo,
  { activation, leakyreluAlpha }: Pick<FusedConv2DAttrs, 'activation' | 'leakyreluAlpha'>,
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
