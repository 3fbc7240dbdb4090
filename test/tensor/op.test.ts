import { add, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { defineOp, runOp } from '../../src/tensor/op.ts';
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
