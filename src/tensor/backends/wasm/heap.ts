import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

import { ArgumentError, BackendError } from '../../../errors.ts';

/** Where tfjs-wasm keeps its tensors: one linear memory, which our kernels read and write in place. */
export interface Heap {
  readonly memory: WebAssembly.Memory;
  /** Byte offset of a float32 tensor; 0 when it is absent. */
  offsetOf(where: string, tensor: TensorInfo | undefined): number;
  /** A new float32 tensor with arbitrary contents. */
  output(shape: readonly number[]): { readonly info: TensorInfo; readonly offset: number };
  /** Lends `bytes` of scratch space, aligned to a cache line, while `use` runs. */
  withScratch(bytes: number, use: (offset: number) => void): void;
}

/** The part of tfjs-wasm's Emscripten module that its types leave to @types/emscripten, or out. */
interface EmscriptenModule {
  readonly asm: { readonly memory: WebAssembly.Memory };
  readonly _malloc: (bytes: number) => number;
  readonly _free: (offset: number) => void;
}

const CACHE_LINE = 64;

/** The heap of a loaded tfjs-wasm backend. */
export function heapOf(backend: BackendWasm): Heap {
  const { asm, _malloc: allocate, _free: free } = backend.wasm as unknown as EmscriptenModule;
  return {
    memory: asm.memory,
    offsetOf: (where, tensor) => {
      if (tensor === undefined) return 0;
      if (tensor.dtype !== 'float32') {
        throw new ArgumentError(`${where}: expected a float32 tensor, got ${tensor.dtype}. Cast it first.`);
      }
      return backend.getMemoryOffset(tensor.dataId);
    },
    output: (shape) => {
      const info = backend.makeOutput([...shape], 'float32');
      return { info, offset: checkAllocation(backend.getMemoryOffset(info.dataId)) };
    },
    withScratch: (bytes, use) => {
      // Above 2 GiB malloc's result is negative until read as unsigned.
      const block = checkAllocation(allocate(bytes + CACHE_LINE) >>> 0);
      try {
        use(Math.ceil(block / CACHE_LINE) * CACHE_LINE);
      } finally {
        free(block);
      }
    },
  };
}

/** malloc answers a request that does not fit with 0, and tfjs-wasm would go on to write there. */
function checkAllocation(offset: number): number {
  if (offset !== 0) return offset;
  throw new BackendError(
    'BACKEND_UNAVAILABLE',
    'wasm: expected room in its memory, got a full one (4 GiB at most). Use a smaller batch.',
  );
}
