// Vision Transformers with random weights, for benchmarks that need no checkpoint.
import * as tf from '@tensorflow/tfjs-core';

import { buildViT } from '../dist/vit/build.js';
import { forward } from '../dist/vit/forward.js';
import { geometryOf } from '../dist/vit/geometry.js';
import { paramShapes } from '../dist/vit/params.js';
import { uniform } from './measure.mjs';

/** A network and its input on the current backend. */
export function randomViT(config, batch) {
  const random = uniform(1);
  const arrays = new Map(
    [...paramShapes(config)].map(([name, shape]) => {
      // Of variance 1/fan-in, so that activations keep their size through the network.
      const [range, centre] = [Math.sqrt(3 / (shape.length > 1 ? shape[0] : 300)), name.endsWith('scale') ? 1 : 0];
      const length = shape.reduce((all, size) => all * size, 1);
      return [name, { shape, data: Float32Array.from({ length }, () => centre + range * random()) }];
    }),
  );
  const vit = buildViT(arrays, config, config);
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
