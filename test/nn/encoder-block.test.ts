// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { grad, slice, sum, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { encoderBlock } from '../../src/nn/encoder-block.ts';
import { describeBackends } from '../support/backends.ts';
import { randomInput, tensorOf } from '../support/reference.ts';

const [N, D, HIDDEN, READ] = [5, 8, 16, 2];
const OPTIONS = { numHeads: 2, epsilon: 1e-6, activation: 'gelu' } as const;

function blockParams() {
  let seed = 10;
  const random = (...shape: number[]) => tensorOf(randomInput(shape, (seed += 1)));
  const linear = (from: number, to: number) => ({ kernel: random(from, to), bias: random(to) });
  const norm = () => ({ scale: random(D), bias: random(D) });
  return {
    norm1: norm(),
    attention: { query: linear(D, D), key: linear(D, D), value: linear(D, D), output: linear(D, D) },
    norm2: norm(),
    mlp: { hidden: linear(D, HIDDEN), output: linear(HIDDEN, D) },
  };
}

describeBackends('an encoder block of which the first tokens are read', () => {
  test('gives these as the whole block does, and the same gradient', () => {
    const [whole, short] = [undefined, READ].map((read) =>
      tidy(() => {
        const params = blockParams();
        const block = (x: Tensor): Tensor =>
          slice(encoderBlock(x as Tensor3D, params, { ...OPTIONS, read }), [0, 0, 0], [-1, READ, -1]);
        const x = tensor(Float32Array.from(randomInput([3, N, D], 1).data), [3, N, D]);
        return { values: block(x).dataSync(), gradient: grad((y) => sum(block(y)))(x).dataSync() };
      }),
    );
    expect(short!.values).toBeCloseToArray([...whole!.values], { atol: 1e-5, rtol: 1e-5 });
    expect(short!.gradient).toBeCloseToArray([...whole!.gradient], { atol: 5e-5, rtol: 5e-5 });
  });

  test('gives all to a probe', () => {
    const shape = tidy(() => {
      const x = tensorOf(randomInput([3, N, D], 1)) as Tensor3D;
      return encoderBlock(x, blockParams(), { ...OPTIONS, read: READ }, () => undefined).shape;
    });
    expect(shape).toStrictEqual([3, N, D]);
  });
});
