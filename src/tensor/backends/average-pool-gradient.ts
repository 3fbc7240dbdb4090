import type { AvgPoolGradAttrs, Tensor4D } from '@tensorflow/tfjs-core';

import {
  AvgPoolGrad,
  backend_util,
  getKernel,
  mul,
  registerKernel,
  tensor4d,
  tidy,
  unregisterKernel,
} from '../tfjs.ts';

/**
 * Makes a stock gradient of `avgPool` right at the border: tfjs 4.22 takes the average of a window over the pixels that
 * it has, but in the gradient divides by all of its taps. Registered once for a backend.
 */
export function correctAveragePoolGradient(backendName: string): void {
  const stock = getKernel(AvgPoolGrad, backendName);
  unregisterKernel(AvgPoolGrad, backendName);
  registerKernel({
    ...stock,
    kernelFunc: (call) => {
      // The engine passes the op's own inputs and attributes.
      const { dy, input } = call.inputs as Record<'dy' | 'input', Tensor4D>;
      const factors = shareOfPadding(input.shape, call.attrs as unknown as AvgPoolGradAttrs);
      if (factors === undefined) return stock.kernelFunc(call);
      const scaled = tidy(() => mul(dy, factors()));
      const dx = stock.kernelFunc({ ...call, inputs: { input, dy: scaled } });
      scaled.dispose();
      return dx;
    },
  });
}

/** A window's taps through those of them on the image, [1, Oh, Ow, 1]; undefined where all are on it. */
function shareOfPadding(
  shape: Tensor4D['shape'],
  { filterSize, strides, pad, dimRoundingMode }: AvgPoolGradAttrs & { dimRoundingMode?: 'floor' | 'round' | 'ceil' },
): (() => Tensor4D) | undefined {
  const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const { outHeight, outWidth, inHeight, inWidth, filterHeight, filterWidth, strideHeight, strideWidth, padInfo } =
    info;
  const down = ratios(outHeight, inHeight, filterHeight, strideHeight, padInfo.top);
  const across = ratios(outWidth, inWidth, filterWidth, strideWidth, padInfo.left);
  if ([...down, ...across].every((ratio) => ratio === 1)) return undefined;
  const product = down.flatMap((row) => across.map((column) => row * column));
  return () => tensor4d(product, [1, outHeight, outWidth, 1]);
}

function ratios(windows: number, size: number, taps: number, stride: number, padding: number): number[] {
  return Array.from({ length: windows }, (_, window) => {
    const start = window * stride - padding;
    const inside = Math.min(start + taps, size) - Math.max(start, 0);
    // A window that sees no pixel passes nothing on.
    return inside > 0 ? taps / inside : 1;
  });
}
