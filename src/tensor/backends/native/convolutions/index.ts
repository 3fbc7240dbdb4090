import {
  AvgPool,
  AvgPoolGrad,
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  FusedBatchNorm,
  FusedConv2D,
  FusedDepthwiseConv2D,
  MaxPool,
  MaxPoolGrad,
  Relu,
  Relu6,
} from '../../../tfjs.ts';
import { CONVOLUTION_WITH_SKIP } from '../../../ops/convolution-with-skip.ts';
import { INVERTED_RESIDUAL } from '../../../ops/inverted-residual.ts';
import type { Device } from '../forward.ts';
import { register, replace } from '../replace.ts';
import { batchNorm } from './batch-norm.ts';
import { conv2d, convolutionWithSkip, fusedConv2d } from './conv2d.ts';
import { conv2dFilterGradient, conv2dInputGradient } from './conv2d-gradients.ts';
import { depthwiseConv2d, fusedDepthwiseConv2d } from './depthwise.ts';
import { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise-gradients.ts';
import { invertedResidual } from './inverted-residual.ts';
import { averagePoolGradient, maxPoolGradient, pool } from './pool.ts';
import { rectify } from './rectify.ts';

/** Puts our kernels of convolutional networks in the place of the CPU backend's, which still do what ours decline. */
export function registerConvolutions(device: Device): void {
  replace(Conv2D, conv2d, device);
  replace(FusedConv2D, fusedConv2d, device);
  register(CONVOLUTION_WITH_SKIP.name, convolutionWithSkip, device);
  replace(Conv2DBackpropInput, conv2dInputGradient, device);
  replace(Conv2DBackpropFilter, conv2dFilterGradient, device);
  replace(DepthwiseConv2dNative, depthwiseConv2d, device);
  replace(FusedDepthwiseConv2D, fusedDepthwiseConv2d, device);
  register(INVERTED_RESIDUAL.name, invertedResidual, device);
  replace(DepthwiseConv2dNativeBackpropInput, depthwiseInputGradient, device);
  replace(DepthwiseConv2dNativeBackpropFilter, depthwiseFilterGradient, device);
  replace(MaxPool, pool('maxPool'), device);
  replace(MaxPoolGrad, maxPoolGradient, device);
  replace(AvgPool, pool('averagePool'), device);
  replace(AvgPoolGrad, averagePoolGradient, device);
  replace(FusedBatchNorm, batchNorm, device);
  replace(Relu, rectify('relu'), device);
  replace(Relu6, rectify('relu6'), device);
}
