/**
 * Registers the gradients of the kernels that come with TensorFlow.js: in Node tfjs-core has none of them, tfjs-layers
 * brings them when it is loaded. Before a backward pass, and only there, because it is the largest package of all.
 */
export async function loadStockGradients(): Promise<void> {
  await import('@tensorflow/tfjs-layers');
}
