import { add, grad, mul, sum, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

import { defineOp, runOp } from '../../src/tensor/op.ts';
import { loadStockGradients } from '../../src/tensor/stock-gradients.ts';
import { describeBackends } from '../support/backends.ts';

let defined = 0;

describeBackends('an op that is defined when the backend runs already', () => {
  test('is computed by its composition', () => {
    defined += 1;
    const op = defineOp<object>({ name: `PatchlensTwice${defined}`, compose: ([x]) => [add(x!, x!)] });
    const twice = tidy(() => Array.from(runOp(op, [tensor1d([1, 2])], {})[0]!.dataSync()));
    expect(twice).toEqual([2, 4]);
  });
});

const square = defineOp<object>({ name: 'PatchlensSquareOfTest', compose: ([x]) => [mul(x!, x!)] });

describeBackends('an op without a gradient of its own', () => {
  beforeAll(loadStockGradients);

  test('has that of its composition, and a second one too', () => {
    const cubed = (x: Tensor): Tensor => sum(mul(x, runOp(square, [x], {})[0]!));
    const first = grad(cubed);
    const second = grad((x) => sum(first(x)));
    const at = (f: (x: Tensor) => Tensor): number[] => tidy(() => Array.from(f(tensor1d([1, 2, -3])).dataSync()));
    expect(at(first)).toEqual([3, 12, 27]);
    expect(at(second)).toEqual([6, 12, -18]);
  });
});
