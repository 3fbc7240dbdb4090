import { readFileSync } from 'node:fs';

import { tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { convNeXtLayers } from '../../src/cnn/convnext.ts';
import { convNeXtParams } from '../../src/cnn/convnext-params.ts';
import { countTrained, shapesOf } from '../../src/cnn/leaves.ts';
import { loadNetwork } from '../../src/use-cases/load/load.ts';
import { forward } from '../../src/nn/network.ts';
import { assemble } from '../../src/weights/assemble.ts';
import { readCheckpoint } from '../../src/weights/checkpoint.ts';
import { timmConvNeXt } from '../../src/weights/families/convnext.ts';
import { describeBackends } from '../support/backends.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';
import { convNeXtOf } from '../support/published.ts';

const { cnns }: { cnns: Record<string, Record<string, number>> } = JSON.parse(
  readFileSync(`${GOLDEN_FOLDER}parameter-counts.json`, 'utf8'),
);

test.each(['timm', 'torchvision'])('ConvNeXt-T has exactly the number of parameters that %s counts', (library) => {
  const shapes = shapesOf((leaf) => convNeXtParams(convNeXtOf([3, 3, 9, 3]), leaf));
  expect(countTrained(shapes)).toBe(cnns[library]?.['convnext_tiny']);
});

describeBackends('layer scale', () => {
  test('folded into the product before it gives what it gives by itself', async () => {
    const path = `${GOLDEN_FOLDER}cnns/timm-convnext`;
    const checkpoint = await readCheckpoint(path);
    const description = timmConvNeXt.describe(checkpoint);
    const { config } = description;
    const shapes = shapesOf((leaf) => convNeXtParams(config, leaf));
    const arrays = assemble(checkpoint, description, shapes);
    using loaded = await loadNetwork(path);
    const { height, width } = loaded.info.preprocessing.imageSize;
    tidy(() => {
      const params = convNeXtParams(config, (name, shape) => tensor(arrays.get(name)!.data, [...shape]));
      const images = loaded.network.inputOf([Float32Array.from({ length: height * width * 3 }, (_, i) => Math.sin(i))]);
      const apart = forward(convNeXtLayers(config, params), images);
      const folded = forward(loaded.network.layers, images);
      expect(apart.dataSync()).toBeCloseToArray(folded.dataSync(), { atol: 1e-4 });
    });
  });
});
