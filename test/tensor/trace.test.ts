import { matMul, ones, relu, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { useBackend } from '../../src/tensor/backends/index.ts';
import type { BackendLease } from '../../src/tensor/backends/index.ts';
import { layerNorm } from '../../src/tensor/ops/layer-norm.ts';
import { traceKernels } from '../../src/tensor/trace.ts';

let lease: BackendLease;
beforeAll(async () => {
  // Which composes the layer norm from other kernels.
  lease = await useBackend('cpu');
});
afterAll(() => lease.release());

const normed = (): void =>
  tidy(() => {
    layerNorm(ones([2, 7]), ones([7]), ones([7]), 1e-6);
  });

test('kernels are listed with the shapes of what goes in and comes out', () => {
  const kernels = traceKernels(
    () =>
      tidy(() => {
        relu(matMul(ones([2, 3]), ones([3, 5])));
      }),
    () => false,
  );
  expect(kernels.filter(({ name }) => name !== 'Fill')).toMatchObject([
    { name: 'BatchMatMul', inputs: { a: [2, 3], b: [3, 5] }, attrs: { transposeA: false }, outputs: [[2, 5]] },
    { name: 'Relu', inputs: { x: [2, 5] }, outputs: [[2, 5]] },
  ]);
});

test('what runs inside an opaque kernel is not listed', () => {
  const names = traceKernels(normed, (name) => name === 'PatchlensLayerNorm').map(({ name }) => name);
  expect(names.filter((name) => name !== 'Fill')).toEqual(['PatchlensLayerNorm']);
  expect(traceKernels(normed, () => false).length).toBeGreaterThan(names.length);
});

test('after it, and after an error in it, kernels run as before', () => {
  const fail = (): void => {
    throw new Error('enough');
  };
  expect(() => traceKernels(fail, () => false)).toThrow('enough');
  expect(
    traceKernels(
      () => undefined,
      () => false,
    ),
  ).toEqual([]);
  normed();
});
