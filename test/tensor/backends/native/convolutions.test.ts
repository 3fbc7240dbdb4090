import {
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  batchNorm,
  conv2d,
  depthwiseConv2d,
  engine,
  fill,
  avgPool,
  maxPool,
  ones,
  randomNormal,
  randomUniform,
  relu,
  round,
  tensor4d,
  tidy,
  tile,
  zeros,
} from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';

import { describeInstructionSets } from '../../../support/instruction-sets.ts';

/** Odd sizes, so that vectors and tiles have a rest. */
const [H, W, C] = [9, 11, 13];
/** Row, column and channel of the one value that is no number. */
const [Y, X, CHANNEL] = [4, 5, 7];

/** 3×3 windows of stride 1 with a border of zeros, each with whether it mixes channels. */
const OPERATIONS: readonly (readonly [name: string, mixes: boolean, run: (x: Tensor4D) => Tensor4D])[] = [
  ['conv2d', true, (x) => conv2d(x, randomNormal<Rank.R4>([3, 3, C, 17], 0, 1, 'float32', 3), 1, 'same')],
  [
    // Twice as many channels, for which it goes by Winograd's algorithm; weights of whole numbers, so that both are exact.
    'conv2d with more channels',
    true,
    (x) =>
      conv2d(tile(x, [1, 1, 1, 2]), round(randomUniform<Rank.R4>([3, 3, 2 * C, 17], -3, 3, 'float32', 3)), 1, 'same'),
  ],
  [
    'depthwiseConv2d',
    false,
    (x) => depthwiseConv2d(x, randomNormal<Rank.R4>([3, 3, C, 1], 0, 1, 'float32', 3), 1, 'same'),
  ],
  ['maxPool', false, (x) => maxPool(x, 3, 1, 'same')],
  ['avgPool', false, (x) => avgPool(x, 3, 1, 'same')],
];

describeInstructionSets('convolutions', () => {
  describe.each(OPERATIONS)('%s', (_, mixes, run) => {
    test.each([NaN, Infinity])('what sees %d is not finite, and nothing else is touched', (value) => {
      const expected = valuesOf(() => run(image(0)));
      const received = valuesOf(() => run(image(value)));
      const N = expected.length / (H * W);
      for (const [i, number] of received.entries()) {
        const [y, x, n] = [Math.floor(i / N / W), Math.floor(i / N) % W, i % N];
        const sees = Math.abs(y - Y) <= 1 && Math.abs(x - X) <= 1 && (mixes || n === CHANNEL);
        if (sees) expect(Number.isFinite(number), `${y}, ${x}, ${n}`).toBe(false);
        else expect(number).toBe(expected[i]);
      }
    });

    test('an empty batch gives an empty one', () => {
      const y = tidy(() => run(zeros<Rank.R4>([0, H, W, C])));
      expect(y.shape.slice(0, 3)).toEqual([0, H, W]);
      y.dispose();
    });

    test('memory full of NaN that is used again leaves no trace', () => {
      const expected = valuesOf(() => run(image(0)));
      for (let times = 0; times < 4; times += 1) valuesOf(() => relu(fill([expected.length], NaN)));
      expect(valuesOf(() => run(image(0)))).toEqual(expected);
    });
  });

  // Channels for which both go by Winograd's algorithm; whole numbers, so that both are exact.
  describe('gradients of conv2d with more channels', () => {
    const place = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC' };
    const wide = (x: Tensor4D): Tensor4D => tile(x, [1, 1, 1, 2]);

    test.each([NaN, Infinity])('of the filter: %d is in the taps that see it, and in no other', (value) => {
      const gradient = (hole: number): Float32Array =>
        valuesOf(() => {
          const [x, dy] = [wide(image(hole, [0, 0])), wide(image(0))];
          const attrs = { ...place, filterShape: [3, 3, 2 * C, 2 * C] };
          return engine().runKernel<Tensor>(Conv2DBackpropFilter, { x, dy }, attrs);
        });
      const expected = gradient(0);
      for (const [i, number] of gradient(value).entries()) {
        const [tap, c] = [Math.floor(i / (4 * C * C)), Math.floor(i / (2 * C)) % (2 * C)];
        // The corner is under the taps of the filter's first two rows and columns.
        if (c % C === CHANNEL && tap < 6 && tap % 3 < 2) expect(Number.isFinite(number), `${tap}, ${c}`).toBe(false);
        else expect(number).toBe(expected[i]);
      }
    });

    test.each([NaN, Infinity])('of the images: %d is where a tap sees it, and nowhere else', (value) => {
      const gradient = (hole: number): Float32Array =>
        valuesOf(() => {
          const dy = wide(image(hole));
          const filter = round(randomUniform<Rank.R4>([3, 3, 2 * C, 2 * C], 1, 4, 'float32', 3));
          const inputShape = [1, H, W, 2 * C];
          return engine().runKernel<Tensor>(Conv2DBackpropInput, { dy, filter }, { ...place, inputShape });
        });
      const expected = gradient(0);
      for (const [i, number] of gradient(value).entries()) {
        const [y, x] = [Math.floor(i / (2 * C * W)), Math.floor(i / (2 * C)) % W];
        const sees = Math.abs(y - Y) <= 1 && Math.abs(x - X) <= 1;
        if (sees) expect(Number.isFinite(number), `${y}, ${x}`).toBe(false);
        else expect(number).toBe(expected[i]);
      }
    });
  });

  test.each([NaN, Infinity])('batchNorm and relu pass %d on where it is', (value) => {
    const normed = (hole: number): Float32Array =>
      valuesOf(() => relu(batchNorm(image(hole), zeros([C]), ones([C]), zeros([C]), ones([C]), 1e-5)));
    const expected = normed(0);
    const place = (Y * W + X) * C + CHANNEL;
    expect([...normed(value)]).toEqual([...expected].map((each, i) => (i === place ? value : each)));
  });
});

/** [1, H, W, C] of whole numbers, of which one is replaced. */
function image(value: number, [y, x]: readonly [number, number] = [Y, X]): Tensor4D {
  const values = Float32Array.from({ length: H * W * C }, (_, i) => ((i * 7919) % 23) - 11);
  values[(y * W + x) * C + CHANNEL] = value;
  return tensor4d(values, [1, H, W, C]);
}

function valuesOf(compute: () => Tensor): Float32Array {
  const y = tidy(compute);
  const values = Float32Array.from(y.dataSync());
  y.dispose();
  return values;
}
