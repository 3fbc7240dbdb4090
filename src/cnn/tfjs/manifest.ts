import type { io } from '@tensorflow/tfjs-core';

import type { WeightSpec } from '../../weights/tfjs/model-json.ts';

/** The weights in the terms of TensorFlow.js, which takes nothing undefined. */
export function manifestOf(specs: readonly WeightSpec[]): io.WeightsManifestEntry[] {
  return specs.map(({ name, shape, dtype, quantization }) => ({
    name,
    shape: [...shape],
    dtype,
    ...(quantization && { quantization }),
  }));
}
