import { Conv2D, Conv2DBackpropFilter, Conv2DBackpropInput, FusedConv2D } from '@tensorflow/tfjs-core';
import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';

import type { Device } from '../forward.ts';
import { replace } from '../replace.ts';
import { fusedConv2d, conv2d } from './conv2d.ts';
import { conv2dFilterGradient, conv2dInputGradient } from './conv2d-gradients.ts';

/** Puts our convolutions in the place of the CPU backend's, which still do what ours decline. */
export function registerConvolutions(device: Device): void {
  const on =
    <Attrs>(kernel: ConvolutionKernel<Attrs>) =>
    (inputs: readonly (Tensor | undefined)[], attrs: Attrs): TensorInfo | undefined =>
      kernel(inputs, attrs, device);
  replace(Conv2D, on(conv2d));
  replace(FusedConv2D, on(fusedConv2d));
  replace(Conv2DBackpropInput, on(conv2dInputGradient));
  replace(Conv2DBackpropFilter, on(conv2dFilterGradient));
}

/** Undefined where the stock kernel is to do it. */
type ConvolutionKernel<Attrs> = (
  inputs: readonly (Tensor | undefined)[],
  attrs: Attrs,
  device: Device,
) => TensorInfo | undefined;
