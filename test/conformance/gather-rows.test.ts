import { tensor1d, tidy, zeros } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { gatherRows } from '../../src/tensor/ops/gather-rows.ts';
import { describeBackends } from '../support/backends.ts';
import { expectAgreement, randomInput } from '../support/reference.ts';

describeBackends('gatherRows', () => {
  test('refuses a row that is not there', () => {
    const take = () => tidy(() => gatherRows(zeros([2, 3]), tensor1d([0, 2], 'int32')).dataSync());
    expect(take).toThrow();
  });

  test('takes rows, repeated or never; the gradients of repeats add up', () => {
    const indices = [3, 0, 3, 2, 3];
    expectAgreement({
      inputs: { table: randomInput([5, 3], 1) },
      run: ({ table }) => gatherRows(table as Tensor2D, tensor1d(indices, 'int32')),
      reference: ({ table }) => indices.flatMap((i) => Array.from(table.data.subarray(i * 3, i * 3 + 3))),
    });
  });
});
