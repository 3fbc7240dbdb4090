import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';

import type { Addon } from './addon.ts';
import type { NativeBackend } from './native-backend.ts';

/** An op's forward pass, from the inputs and attributes that its composition takes. */
export type Forward<Attrs> = (inputs: readonly Tensor[], attrs: Attrs, device: Device) => TensorInfo | TensorInfo[];

export interface Device {
  readonly backend: NativeBackend;
  readonly addon: Addon;
}
