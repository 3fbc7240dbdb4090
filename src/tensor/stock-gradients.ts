/**
 * Gradients of the kernels that come with TensorFlow.js: in Node tfjs-core registers none of them, tfjs-layers does when
 * it is loaded. Import this file for that.
 */
import '@tensorflow/tfjs-layers';
