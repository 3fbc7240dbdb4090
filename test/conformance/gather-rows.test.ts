import { tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { test } from 'vitest';

import { gatherRows } from '../../src/tensor/ops/gather-rows.ts';
import { describeBackends } from '../support/backends.ts';
import { expectAgreement, randomInput } from '../support/reference.ts';

describeBackends('gatherRows', () => {
  test('takes rows, repeated or never; the gradients of repeats add up', () => {
    const indices = [3, 0, 3, 2, 3];
    expectAgreement({
      inputs: { table: randomInput([5, 3], 1) },
      run: ({ table }) => gatherRows(table as Tensor2D, tensor1d(indices, 'int32')),
      reference: ({ table }) => indices.flatMap((i) => Array.from(table.data.subarray(i * 3, i * 3 + 3))),
    });
  });
});
