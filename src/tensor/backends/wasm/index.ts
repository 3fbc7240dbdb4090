import type { Backend } from '../backend.ts';

/**
 * tfjs-wasm with our own kernels on its memory for our ops and for matMul: no binary to download or compile, and three
 * to four times as fast as its stock operations on a Vision Transformer. One thread, as tfjs-wasm allows in Node.
 */
export const wasm: Backend = {
  name: 'wasm',
  async load() {
    // Only here, because a process on another backend can do without tfjs-wasm.
    const { startWasm } = await import('./start.ts');
    return startWasm();
  },
};
