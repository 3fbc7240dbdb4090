import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';

import type { Heap } from './heap.ts';
import type { Kernels } from './kernels.ts';

/** An op's forward pass on the wasm heap, from the inputs and attributes that its composition takes. */
export type Forward<Attrs> = (inputs: readonly Tensor[], attrs: Attrs, device: Device) => TensorInfo | TensorInfo[];

export interface Device {
  readonly heap: Heap;
  readonly kernels: Kernels;
}
