import type { Tensor } from '@tensorflow/tfjs-core';

import { BatchMatMul, backend, enableProdMode, registerKernel, setBackend, unregisterKernel } from '../../tfjs.ts';
import { require } from '../../require.ts';
import { BackendError } from '../../../errors.ts';
import { registerCompositions } from '../../op.ts';
import { ATTENTION } from '../../ops/attention.ts';
import { GELU } from '../../ops/gelu.ts';
import { LAYER_NORM } from '../../ops/layer-norm.ts';
import { LINEAR } from '../../ops/linear.ts';
import { correctAveragePoolGradient } from '../average-pool-gradient.ts';
import type { BackendFacts } from '../backend.ts';
import { attentionForward } from './attention.ts';
import { registerConvolutionGradients } from './convolution-gradients.ts';
import type { Device, Forward } from './forward.ts';
import { geluForward } from './gelu.ts';
import { heapOf } from './heap.ts';
import { loadKernels } from './kernels.ts';
import { layerNormForward } from './layer-norm.ts';
import { linearForward } from './linear.ts';
import { matMulForward } from './mat-mul.ts';

const {
  BackendWasm,
  version_wasm,
}: typeof import('@tensorflow/tfjs-backend-wasm') = require('@tensorflow/tfjs-backend-wasm');

/**
 * Makes tfjs-wasm the backend of tfjs, with our kernels on it.
 *
 * @throws BackendError when it does not start.
 */
export async function startWasm(): Promise<BackendFacts> {
  enableProdMode();
  if (!(await withoutNewHandlers(() => setBackend('wasm')))) {
    throw new BackendError('BACKEND_UNAVAILABLE', 'wasm: expected tfjs-wasm to start. Use --backend cpu.');
  }
  // Registered once, for the instance that tfjs keeps for the life of the process: dispose() on it would remove the
  // process's own handlers of uncaught errors (tfjs 4.22), so nothing here ever does.
  facts ??= registerOn(backend());
  return facts;
}

let facts: Promise<BackendFacts> | undefined;

const FATAL_EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Emscripten's start-up code listens for fatal errors only to throw them on, which keeps them from the handlers of the
 * program that patchlens is a part of. What it adds is taken away again.
 */
async function withoutNewHandlers<T>(start: () => Promise<T>): Promise<T> {
  const emitter: NodeJS.EventEmitter = process;
  const before = FATAL_EVENTS.map((event) => new Set(emitter.listeners(event)));
  const result = await start();
  for (const [i, event] of FATAL_EVENTS.entries()) {
    const added = emitter.rawListeners(event).filter((listener) => !before[i]?.has(listener));
    for (const listener of added) emitter.off(event, listener as () => void);
  }
  return result;
}

async function registerOn(current: unknown): Promise<BackendFacts> {
  if (!(current instanceof BackendWasm)) {
    throw new BackendError('BACKEND_UNAVAILABLE', 'wasm: expected the backend of @tensorflow/tfjs-backend-wasm.');
  }
  const heap = heapOf(current);
  const { kernels, instructions } = await loadKernels(heap.memory);
  const device = { heap, kernels };
  register(LINEAR.name, linearForward, device);
  register(GELU.name, geluForward, device);
  register(LAYER_NORM.name, layerNormForward, device);
  register(ATTENTION.name, attentionForward, device);
  unregisterKernel(BatchMatMul, 'wasm');
  register(BatchMatMul, matMulForward, device);
  registerConvolutionGradients();
  correctAveragePoolGradient('wasm');
  registerCompositions('wasm');
  return { threads: 1, detail: `tfjs ${version_wasm}, ${instructions}` };
}

function register<Attrs>(kernelName: string, forward: Forward<Attrs>, device: Device): void {
  registerKernel({
    kernelName,
    backendName: 'wasm',
    // The engine passes on the very attributes and inputs that the op gave it, and in that order.
    kernelFunc: ({ inputs, attrs }) => forward(Object.values(inputs) as Tensor[], attrs as unknown as Attrs, device),
  });
}
