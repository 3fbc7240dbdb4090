import type { UpdateKernels } from '../backend.ts';
import type { Addon } from './addon.ts';
import type { NativeBackend } from './native-backend.ts';

/** Parameters changed on all threads, by gradients where they lie. */
export function updateKernels(addon: Addon, storage: NativeBackend): UpdateKernels {
  return {
    valuesOf: (tensor) => storage.floatsOf('gradient', tensor),
    adamW: (values, gradient, { first, second }, factors) => {
      const { beta1, beta2, epsilon, gradientScale, kept, stepSize, deviationScale } = factors;
      const ordered = [beta1, 1 - beta1, beta2, 1 - beta2, epsilon, gradientScale, kept, stepSize, deviationScale];
      addon.adamW(values, gradient, first, second, Float32Array.from(ordered));
    },
    // Of a float32 decay too little would be left of 1 − decay.
    moveAverage: (average, values, decay) => addon.moveAverage(average, values, 1 - decay),
  };
}
