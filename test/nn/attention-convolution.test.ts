// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { conv2d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { attentionConvolution } from '../../src/nn/attention-convolution.ts';
import { describeBackends } from '../support/backends.ts';
import { expectAgreement, randomInput, tensorOf } from '../support/reference.ts';
import type { Input } from '../support/reference.ts';

/** Σ kernel[i, j]·x[y + i − r, x + j − r], zero beyond the border. */
function convolution(x: Input, kernel: Input): number[] {
  const [, H = 0, W = 0, C = 0] = x.shape;
  const [K = 0, , , out = 0] = kernel.shape;
  const r = (K - 1) / 2;
  const result: number[] = [];
  for (let i = 0; i < H * W * out; i += 1) {
    const [row, column, o] = [Math.floor(i / (W * out)), Math.floor(i / out) % W, i % out];
    let sum = 0;
    for (let tap = 0; tap < K * K * C; tap += 1) {
      const y = row + Math.floor(tap / (K * C)) - r;
      const z = column + (Math.floor(tap / C) % K) - r;
      if (y < 0 || y >= H || z < 0 || z >= W) continue;
      sum += x.data[(y * W + z) * C + (tap % C)]! * kernel.data[tap * out + o]!;
    }
    result.push(sum);
  }
  return result;
}

describeBackends('self-attention computes a convolution, borders included', () => {
  test('nine heads, 3×3: values and gradients agree with float64', () => {
    expectAgreement({
      inputs: { x: randomInput([1, 3, 4, 2], 1), kernel: randomInput([3, 3, 2, 3], 2) },
      run: ({ x, kernel }) => attentionConvolution(x as Tensor4D, kernel as Tensor4D),
      reference: ({ x, kernel }) => convolution(x, kernel),
    });
  });

  test('25 heads, 5×5, on a larger image: conv2d to 1e-4', () => {
    const [ours, stock] = tidy(() => {
      const x = tensorOf<Tensor4D>(randomInput([2, 9, 11, 3], 3));
      const kernel = tensorOf<Tensor4D>(randomInput([5, 5, 3, 4], 4));
      return [attentionConvolution(x, kernel).dataSync(), conv2d(x, kernel, 1, 'same').dataSync()];
    });
    expect(ours).toBeCloseToArray(stock, { atol: 1e-4 });
  });
});
