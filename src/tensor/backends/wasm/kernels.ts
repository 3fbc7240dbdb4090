import { readFile } from 'node:fs/promises';

import { BackendError } from '../../../errors.ts';

/**
 * The exports of assembly/index.ts. Matrices, vectors and scratch are byte offsets into the shared memory, strides are
 * bytes, and an optional operand that is absent is 0, where tfjs-wasm never puts a tensor.
 */
export interface Kernels {
  activate(x: number, out: number, size: number, activation: number): void;
  layerNorm(x: number, scale: number, bias: number, out: number, rows: number, D: number, epsilon: number): void;
  linear(
    x: number,
    kernel: number,
    bias: number,
    residual: number,
    out: number,
    M: number,
    N: number,
    K: number,
    activation: number,
    scratch: number,
  ): void;
  multiplyScratchBytes(K: number, N: number): number;
  multiply(
    a: number,
    aStride: number,
    b: number,
    bStride: number,
    bTransposed: boolean,
    out: number,
    M: number,
    N: number,
    K: number,
    scratch: number,
  ): void;
  attentionScratchBytes(Nk: number, Dh: number, Dvh: number): number;
  attendHead(
    q: number,
    k: number,
    v: number,
    mask: number,
    out: number,
    weights: number,
    stride: number,
    vStride: number,
    outStride: number,
    Nq: number,
    Nk: number,
    Dh: number,
    Dvh: number,
    scale: number,
    scratch: number,
  ): void;
  transpose(x: number, out: number, rows: number, columns: number): void;
}

/** Fused multiply–add where the engine has it (Node 22 and later), a fifth faster; plain SIMD elsewhere. */
const BUILDS = [
  { file: 'kernels.relaxed.wasm', instructions: 'relaxed SIMD' },
  { file: 'kernels.wasm', instructions: 'SIMD' },
] as const;

/**
 * Instantiates the best build of our kernels that this engine accepts on the given memory.
 *
 * @throws BackendError when the builds are missing or none is accepted.
 */
export async function loadKernels(
  memory: WebAssembly.Memory,
): Promise<{ readonly kernels: Kernels; readonly instructions: string }> {
  for (const { file, instructions } of BUILDS) {
    const bytes = await bytesOf(file);
    if (!WebAssembly.validate(bytes)) continue;
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
    // The exports are those of assembly/index.ts, which this file mirrors.
    return { kernels: instance.exports as unknown as Kernels, instructions };
  }
  throw new BackendError(
    'BACKEND_UNAVAILABLE',
    'wasm: expected an engine with WebAssembly SIMD, got one without. Use --backend cpu.',
  );
}

async function bytesOf(file: string): Promise<Buffer<ArrayBuffer>> {
  try {
    return await readFile(new URL(file, import.meta.url));
  } catch (cause) {
    throw new BackendError(
      'BACKEND_UNAVAILABLE',
      `wasm: expected ${file} beside the compiled sources, got no such file. Run \`npm run build\`.`,
      { cause },
    );
  }
}
