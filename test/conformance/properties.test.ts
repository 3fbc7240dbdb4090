import {
  add,
  grads,
  mul,
  randomNormal,
  reshape,
  split,
  sum,
  tensor,
  tensor1d,
  tensor2d,
  tensor3d,
  tidy,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { attention, attentionWithWeights, jointAttention } from '../../src/tensor/ops/attention.ts';
import { gelu } from '../../src/tensor/ops/gelu.ts';
import { layerNorm } from '../../src/tensor/ops/layer-norm.ts';
import { linear } from '../../src/tensor/ops/linear.ts';
import { loadStockGradients } from '../../src/tensor/stock-gradients.ts';
import { describeBackends } from '../support/backends.ts';

const EXACT = { atol: 1e-6 };

describeBackends('linear', () => {
  test('a case by hand: relu([1 2]·W + b) + r', () => {
    const y = values(() => {
      const x = tensor2d([[1, 2]]);
      const kernel = tensor2d([
        [1, -3, 0],
        [2, 1, 5],
      ]);
      return linear(x, kernel, {
        bias: tensor1d([0.5, 0, -20]),
        activation: 'relu',
        residual: tensor2d([[10, 20, 30]]),
      });
    });
    expect([...y]).toEqual([15.5, 20, 30]);
  });

  test('it is linear: f(x + y) = f(x) + f(y) without a bias', () => {
    const [together, apart] = tidy(() => {
      const kernel = randomNormal([13, 17], 0, 1, 'float32', 1);
      const x = randomNormal([2, 7, 13], 0, 1, 'float32', 2);
      const y = randomNormal([2, 7, 13], 0, 1, 'float32', 3);
      return [linear(add(x, y), kernel).dataSync(), add(linear(x, kernel), linear(y, kernel)).dataSync()];
    });
    expect(together).toBeCloseToArray(apart, { atol: 1e-5 });
  });

  test('the same weights under another shape give another product', () => {
    // tfjs-wasm keys its prepared operators without the shape and would return the first result.
    const [first, second] = tidy(() => {
      const kernel = tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
      const reshaped = reshape(kernel, [3, 2]);
      return [linear(tensor2d([[1, 1]]), kernel).dataSync(), linear(tensor2d([[1, 1, 1]]), reshaped).dataSync()];
    });
    expect([...first]).toEqual([5, 7, 9]);
    expect([...second]).toEqual([9, 12]);
  });

  test('a bias after a long sum is added once', () => {
    // tfjs-wasm adds the bias of a transposed fused product once per block of 48 terms.
    const y = values(() =>
      linear(tensor2d(Array(300).fill(1), [3, 100]), tensor2d(Array(400).fill(1), [100, 4]), {
        bias: tensor1d([1, 2, 3, 4]),
      }),
    );
    expect([...y]).toEqual([101, 102, 103, 104, 101, 102, 103, 104, 101, 102, 103, 104]);
  });

  test('shapes that do not fit are named', () => {
    const x = (): Tensor => tensor2d([[1, 2]]);
    const kernel = (): Tensor => tensor2d([[1], [2]]);
    const errors: [run: () => Tensor, message: string][] = [
      [() => linear(tensor2d([[1, 2, 3]]), kernel()), 'linear kernel: expected [K=3, N], got [2, 1]'],
      [() => linear(x(), kernel(), { bias: tensor1d([1, 2]) }), 'linear bias: expected [N=1], got [2]'],
      [() => linear(x(), kernel(), { residual: x() }), 'linear residual: expected [1, 1], got [1, 2]'],
    ];
    for (const [run, message] of errors) expect(() => tidy(run)).toThrow(new ShapeError(message));
  });
});

describeBackends('layerNorm', () => {
  test('a case by hand: [1 3] has mean 2 and deviation 1', () => {
    const y = values(() => layerNorm(tensor2d([[1, 3]]), tensor1d([2, 3]), tensor1d([10, 20]), 0));
    expect(y).toBeCloseToArray([8, 23], EXACT);
  });

  test('with unit scale and no bias every token has mean 0 and variance 1', () => {
    const y = values(() =>
      layerNorm(
        randomNormal([5, 101], 3, 7, 'float32', 4),
        tensor1d(Array(101).fill(1)),
        tensor1d(Array(101).fill(0)),
        0,
      ),
    );
    for (let token = 0; token < 5; token += 1) {
      const row = y.subarray(token * 101, (token + 1) * 101);
      const mean = row.reduce((total, value) => total + value, 0) / 101;
      const variance = row.reduce((total, value) => total + (value - mean) ** 2, 0) / 101;
      expect([mean, variance]).toBeCloseToArray([0, 1], { atol: 1e-5 });
    }
  });
});

describeBackends('gelu', () => {
  test('a case by hand: Φ(0) = ½, Φ(1) = 0.8413447', () => {
    expect(values(() => gelu(tensor1d([0, 1, -1, 40, -40, 6, 1e6])))).toBeCloseToArray(
      [0, 0.8413447, -0.1586553, 40, 0, 6, 1e6],
      EXACT,
    );
  });

  test('the forms differ by what is published', () => {
    const grid = Float32Array.from({ length: 2001 }, (_, i) => (i - 1000) / 200);
    const exact = values(() => gelu(tensor1d(grid)));
    const largest = (other: Float32Array): number =>
      other.reduce((max, value, i) => Math.max(max, Math.abs(value - exact[i]!)), 0);
    expect(largest(values(() => gelu(tensor1d(grid), 'gelu-tanh')))).toBeCloseTo(4.7e-4, 5);
    expect(largest(values(() => gelu(tensor1d(grid), 'gelu-quick')))).toBeCloseTo(2.0e-2, 3);
  });
});

describeBackends('attention', () => {
  const random = (shape: [number, number, number], seed: number): Tensor3D =>
    randomNormal(shape, 0, 1, 'float32', seed);

  test('a case by hand: two tokens, one head', () => {
    const [output, weights] = tidy(() => {
      const q = tensor3d([1, 2, 1, 1], [1, 2, 2]);
      const k = tensor3d([1, 0, 0, 1], [1, 2, 2]);
      const v = tensor3d([1, 1, 1, 0], [1, 2, 2]);
      const result = attentionWithWeights(q, k, v, { numHeads: 1 });
      return [result.output.dataSync(), result.weights.dataSync()];
    });
    // Scaled scores (1, 2)/√2 and (1, 1)/√2; e^{1/√2} = 2.02811, so the first row is 1 / 3.02811 and its complement.
    expect(weights).toBeCloseToArray([0.3302386, 0.6697614, 0.5, 0.5], EXACT);
    expect(output).toBeCloseToArray([1, 0.3302386, 1, 0.5], EXACT);
  });

  test('rows of the weights sum to one and asking for them does not change the output', () => {
    const rowSums = values(() => {
      const [q, k, v] = [random([2, 11, 15], 1), random([2, 7, 15], 2), random([2, 7, 21], 3)];
      const { output, weights } = attentionWithWeights(q, k, v, { numHeads: 3 });
      const alone = attention(q, k, v, { numHeads: 3 });
      expect(alone.shape).toEqual([2, 11, 21]);
      expect(alone.dataSync()).toBeCloseToArray(output.dataSync(), EXACT);
      return sum(weights, -1);
    });
    expect(rowSums).toBeCloseToArray(Array(2 * 3 * 11).fill(1), EXACT);
  });

  test('permuting keys and values together changes nothing', () => {
    const order = [4, 0, 3, 1, 2];
    const [straight, permuted] = tidy(() => {
      const q = random([1, 3, 8], 1);
      const k = random([1, 5, 8], 2).arraySync();
      const v = random([1, 5, 8], 3).arraySync();
      const shuffle = (x: number[][][]): Tensor3D => tensor3d([order.map((i) => x[0]![i]!)]);
      return [
        attention(q, tensor3d(k), tensor3d(v), { numHeads: 2 }).dataSync(),
        attention(q, shuffle(k), shuffle(v), { numHeads: 2 }).dataSync(),
      ];
    });
    expect(permuted).toBeCloseToArray(straight, EXACT);
  });

  test('a mask of −∞ gives exactly zero weight, for each head of its own', () => {
    const masked = tidy(() => {
      const x = random([1, 5, 6], 5);
      const mask = tensor(
        Float32Array.from({ length: 2 * 5 * 5 }, (_, i) => (i < 25 && i % 5 === 3 ? -Infinity : 0)),
        [1, 2, 5, 5],
      ) as Tensor4D;
      return attentionWithWeights(x, x, x, { numHeads: 2, mask }).weights.arraySync();
    });
    expect(masked[0]![0]!.map((row) => row[3])).toEqual([0, 0, 0, 0, 0]);
    expect(masked[0]![1]!.every((row) => row[3]! > 0)).toBe(true);
  });

  test('scores in the thousands do not overflow', () => {
    const y = values(() => {
      const x = mul(random([1, 4, 4], 6), 100) as Tensor3D;
      return attention(x, x, random([1, 4, 4], 7), { numHeads: 1 });
    });
    expect(y.every((value) => Number.isFinite(value))).toBe(true);
  });

  test('the gradient reaches the loss through the weights too', () => {
    const weightsOf = (q: Tensor, k: Tensor): Tensor4D =>
      attentionWithWeights(q as Tensor3D, k as Tensor3D, k as Tensor3D, { numHeads: 2 }).weights;
    const [q, k, c] = [random([1, 5, 6], 10), random([1, 5, 6], 11), randomNormal([1, 2, 5, 5], 0, 1, 'float32', 12)];
    const [dq, dk] = grads(weightsOf)([q, k], c);
    const loss = (qs: Float32Array): number => values(() => sum(mul(c, weightsOf(tensor3d(qs, [1, 5, 6]), k))))[0]!;
    const step = 1e-2;
    const finiteDifferences = Float32Array.from({ length: 30 }, (_, i) => {
      const moved = (by: number): Float32Array =>
        q.dataSync<'float32'>().map((value, j) => (j === i ? value + by : value));
      return (loss(moved(step)) - loss(moved(-step))) / (2 * step);
    });
    expect(dq!.dataSync()).toBeCloseToArray(finiteDifferences, { atol: 1e-3 });
    for (const owned of [q, k, c, dq!, dk!]) owned.dispose();
  });

  test('query, key and value in one tensor, with a mask that is learned', async () => {
    await loadStockGradients();
    const inputs = [random([2, 53, 18], 13), randomNormal([1, 2, 53, 53], 0, 1, 'float32', 14)];
    const dy = random([2, 53, 6], 15);
    const apart = (x: Tensor, mask?: Tensor): Tensor => {
      const [q, k, v] = split<Tensor3D>(x, 3, -1);
      return attention(q!, k!, v!, { numHeads: 2, mask: mask as Tensor4D | undefined });
    };
    const together = (x: Tensor, mask?: Tensor): Tensor =>
      jointAttention(x as Tensor3D, { numHeads: 2, mask: mask as Tensor4D | undefined });
    for (const given of [inputs.slice(0, 1), inputs]) {
      const run = (op: (x: Tensor, mask?: Tensor) => Tensor): Tensor => op(given[0]!, given[1]);
      expect(values(() => run(together))).toBeCloseToArray(
        values(() => run(apart)),
        EXACT,
      );
      for (const i of given.keys()) {
        const gradient = (op: (x: Tensor, mask?: Tensor) => Tensor): Tensor => grads(op)(given, dy)[i]!;
        expect(values(() => gradient(together))).toBeCloseToArray(
          values(() => gradient(apart)),
          { atol: 1e-5 },
        );
      }
    }
    for (const owned of [...inputs, dy]) owned.dispose();
  });

  test('a width that is not three times one is named', () => {
    expect(() => tidy(() => jointAttention(random([1, 2, 11], 1), { numHeads: 1 }))).toThrow(
      new ShapeError('attention qkv: expected [B, N, 3·D], got [1, 2, 11]'),
    );
  });

  test('widths that the heads do not divide are named', () => {
    expect(() => tidy(() => jointAttention(random([1, 2, 12], 1), { numHeads: 3 }))).toThrow(
      new ArgumentError('attention numHeads: expected a divisor of 4 and 4, got 3'),
    );
    expect(() =>
      tidy(() => attention(random([1, 2, 5], 1), random([1, 2, 5], 1), random([1, 2, 5], 1), { numHeads: 2 })),
    ).toThrow(new ArgumentError('attention numHeads: expected a divisor of 5 and 5, got 2'));
  });
});

function values(run: () => Tensor): Float32Array {
  return tidy(() => run().dataSync<'float32'>());
}
