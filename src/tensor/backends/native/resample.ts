import type { Resampler } from '../backend.ts';
import type { Addon } from './addon.ts';

/** Resamples on all threads; the same bytes as the plain TypeScript of image/resample.ts. */
export function resampler(addon: Addon): Resampler {
  return ({ data, width, height }, horizontal, vertical) => {
    const out = new Uint8Array(vertical.first.length * horizontal.first.length * 3);
    // A caller's array may be longer than its image.
    addon.resample(
      data.subarray(0, width * height * 3),
      width,
      out,
      horizontal.first,
      horizontal.count,
      horizontal.weights,
      horizontal.stride,
      vertical.first,
      vertical.count,
      vertical.weights,
      vertical.stride,
    );
    return out;
  };
}
