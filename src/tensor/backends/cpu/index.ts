import type { BatchMatMulInputs, BatchMatMulAttrs } from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';

import {
  BatchMatMul,
  enableProdMode,
  getKernel,
  ready,
  registerKernel,
  setBackend,
  unregisterKernel,
  version_core,
} from '../../tfjs.ts';
import { registerCompositions } from '../../op.ts';
import { correctAveragePoolGradient } from '../average-pool-gradient.ts';
import type { Backend } from '../backend.ts';
import { matMulOnCpu } from './mat-mul.ts';

/** Plain JavaScript: the reference that runs everywhere, an order of magnitude slower than wasm. */
export const cpu: Backend = {
  name: 'cpu',
  async load() {
    enableProdMode(); // Otherwise the backend prints a banner on first use.
    await import('../tfjs-cpu.ts');
    await setBackend('cpu');
    await ready();
    replaceStockKernels();
    registerCompositions('cpu');
    return { threads: 1, detail: `tfjs ${version_core}, plain JavaScript` };
  },
};

let isReplaced = false;

/** Once, because tfjs keeps a backend's kernels for the life of the process. */
function replaceStockKernels(): void {
  if (isReplaced) return;
  isReplaced = true;
  replaceMatMul();
  correctAveragePoolGradient('cpu');
}

/** Products of float32 go to our kernel, of other types on to the stock one. */
function replaceMatMul(): void {
  const stock = getKernel(BatchMatMul, 'cpu');
  unregisterKernel(BatchMatMul, 'cpu');
  registerKernel({
    ...stock,
    kernelFunc: (params) => {
      // The engine passes the inputs and attributes of this kernel, and the backend it is registered for.
      const { a, b } = params.inputs as Required<BatchMatMulInputs>;
      if (a?.dtype !== 'float32' || b?.dtype !== 'float32') return stock.kernelFunc(params);
      return matMulOnCpu(a, b, params.attrs as unknown as BatchMatMulAttrs, params.backend as MathBackendCPU);
    },
  });
}
