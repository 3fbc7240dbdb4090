import { Conv2D, Conv2DBackpropFilter, Conv2DBackpropInput, FusedConv2D } from '@tensorflow/tfjs-core';

import type { Device } from '../forward.ts';
import { replace } from '../replace.ts';
import { conv2d, fusedConv2d } from './conv2d.ts';
import { conv2dFilterGradient, conv2dInputGradient } from './conv2d-gradients.ts';

/** Puts our convolutions in the place of the CPU backend's, which still do what ours decline. */
export function registerConvolutions(device: Device): void {
  replace(Conv2D, conv2d, device);
  replace(FusedConv2D, fusedConv2d, device);
  replace(Conv2DBackpropInput, conv2dInputGradient, device);
  replace(Conv2DBackpropFilter, conv2dFilterGradient, device);
}
