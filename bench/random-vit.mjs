// Vision Transformers with random weights, for benchmarks that need no checkpoint.
import * as tf from '@tensorflow/tfjs-core';

import { buildViT } from '../dist/vit/build.js';
import { forward } from '../dist/vit/forward.js';
import { geometryOf } from '../dist/vit/geometry.js';
import { paramShapes } from '../dist/vit/params.js';
import { sizeOf } from '../dist/weights/arrays.js';
import { uniform } from './measure.mjs';

/** Parameters by name, of variance 1/fan-in, so that activations keep their size through the network. */
export function randomArrays(config) {
  const random = uniform(1);
  return new Map(
    [...paramShapes(config)].map(([name, shape]) => {
      const [range, centre] = [Math.sqrt(3 / (shape.length > 1 ? shape[0] : 300)), name.endsWith('scale') ? 1 : 0];
      const data = Float32Array.from({ length: sizeOf(shape) }, () => centre + range * random());
      return [name, { shape, data }];
    }),
  );
}

/** A network and its input on the current backend. */
export function randomViT(config, batch) {
  const vit = buildViT(randomArrays(config), config, config);
  const { numPatches, patchDim } = geometryOf(config);
  const patches = tf.randomNormal([batch, numPatches, patchDim], 0, 1, 'float32', 1);
  return {
    compute: () => tf.tidy(() => forward(vit, patches).dataSync()),
    dispose: () => {
      vit[Symbol.dispose]();
      patches.dispose();
    },
  };
}
