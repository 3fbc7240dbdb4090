import type { KernelFunc, Tensor, TensorInfo } from '@tensorflow/tfjs-core';

import { Identity, Reshape, getKernel, getKernelsForBackend, registerKernel, unregisterKernel } from '../../tfjs.ts';
import type { Device, Forward } from './forward.ts';
import type { NativeBackend } from './native-backend.ts';

/** Tells tfjs of the kernel of an op of ours. */
export function register<Attrs>(kernelName: string, forward: Forward<Attrs>, device: Device): void {
  registerKernel({
    kernelName,
    backendName: 'native',
    // The engine passes on the very attributes and inputs that the op gave it, and in that order.
    kernelFunc: ({ inputs, attrs }) => forward(Object.values(inputs) as Tensor[], attrs as unknown as Attrs, device),
  });
}

/** Kernels that compute nothing: their output is the input under another shape. */
const RENAMING: ReadonlySet<string> = new Set([Identity, Reshape]);

/** Tells tfjs of every kernel of its CPU backend. */
export function registerStock(backend: NativeBackend): void {
  for (const { kernelFunc, ...kernel } of getKernelsForBackend('cpu')) {
    const spoiling: KernelFunc = (call) => {
      backend.spoilRecording();
      return kernelFunc(call);
    };
    const isRenaming = RENAMING.has(kernel.kernelName);
    registerKernel({ ...kernel, backendName: 'native', kernelFunc: isRenaming ? kernelFunc : spoiling });
  }
}

/** What a kernel's inputs come as: in the op's order, an optional one undefined where it is absent. */
type Inputs = readonly (Tensor | undefined)[];

/** A kernel that returns undefined where the stock one is to do the work. */
export type PartialForward<Attrs> = (
  inputs: Inputs,
  attrs: Attrs,
  device: Device,
) => TensorInfo | TensorInfo[] | undefined;

/** Puts a kernel in the place of a stock one, which still does what ours declines by returning undefined. */
export function replace<Attrs>(kernelName: string, ours: PartialForward<Attrs>, device: Device): void {
  const stock = getKernel(kernelName, 'native');
  unregisterKernel(kernelName, 'native');
  registerKernel({
    ...stock,
    kernelFunc: (call) =>
      ours(Object.values(call.inputs) as Inputs, call.attrs as unknown as Attrs, device) ?? stock.kernelFunc(call),
  });
}

/** A kernel of float32 inputs alone, which may decline too. */
export type FloatForward<Attrs> = (...call: Parameters<Forward<Attrs>>) => ReturnType<Forward<Attrs>> | undefined;

/** Puts `forward` in the place of a stock kernel where all inputs are float32. */
export function replaceForFloats<Attrs>(kernelName: string, forward: FloatForward<Attrs>, device: Device): void {
  const ours: PartialForward<Attrs> = (inputs, attrs) =>
    inputs.every((input) => input?.dtype === 'float32')
      ? forward(inputs as readonly Tensor[], attrs, device)
      : undefined;
  replace(kernelName, ours, device);
}
