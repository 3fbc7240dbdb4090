// Nine heads of self-attention compute a 3×3 convolution (Cordonnier et al. 2020). Needs `npm run build`.
import * as tf from '@tensorflow/tfjs-core';

import { attentionConvolution } from '../dist/nn/attention-convolution.js';
import { useBackend } from '../dist/tensor/backends/index.js';

const lease = await useBackend('auto');
const image = tf.randomNormal([1, 16, 16, 3], 0, 1, 'float32', 1);
const kernel = tf.randomNormal([3, 3, 3, 8], 0, 1, 'float32', 2);
const largest = tf.tidy(() => {
  const difference = tf.sub(attentionConvolution(image, kernel), tf.conv2d(image, kernel, 1, 'same'));
  return tf.max(tf.abs(difference)).dataSync()[0];
});
console.log(`3x3 convolution, 3 to 8 channels, 16x16 pixels, zeros beyond the border, on ${lease.name}`);
console.log(`9 heads of self-attention differ from conv2d by at most ${largest.toExponential(1)}`);
tf.dispose([image, kernel]);
lease.release();
