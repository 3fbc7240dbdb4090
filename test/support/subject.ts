import { tensor3d } from '@tensorflow/tfjs-core';
import ndarray from 'ndarray';

import type { Subject } from '../../src/attention-subject.ts';
import { patchify } from '../../src/image/patches.ts';
import type { LoadedViT } from '../../src/load.ts';
import { vitLayers } from '../../src/vit/forward.ts';
import type { ViT } from '../../src/vit/forward.ts';
import { geometryOf } from '../../src/vit/geometry.ts';

/** A loaded Vision Transformer as the maps take it. */
export function subjectOf({ info, vit }: LoadedViT): Subject & { readonly vit: ViT } {
  const { imageSize, patchSize } = vit.config;
  const { numPatches, patchDim } = geometryOf(vit.config);
  return {
    info,
    vit,
    network: {
      layers: vitLayers(vit),
      inputOf: (images) => {
        const all = new Float32Array(images.length * numPatches * patchDim);
        for (const [i, image] of images.entries()) {
          const pixels = ndarray(image, [imageSize.height, imageSize.width, 3]);
          patchify(pixels, patchSize, all, i * numPatches * patchDim);
        }
        return tensor3d(all, [images.length, numPatches, patchDim]);
      },
      [Symbol.dispose]: () => {},
    },
  };
}
