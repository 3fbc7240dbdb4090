// AssemblyScript, compiled to kernels.wasm. Pointers are byte offsets into the memory of tfjs-wasm, which this module
// imports; it owns no memory of its own: no static data, no stack, and all scratch space comes from the caller.
export { activate } from './activation';
export { attendHead, attentionScratchBytes } from './attention';
export { multiply, multiplyScratchBytes } from './gemm';
export { layerNorm } from './layer-norm';
export { linear } from './linear';
export { transpose } from './transpose';
