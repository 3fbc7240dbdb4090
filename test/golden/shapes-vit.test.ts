import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { loadModel } from '../../src/index.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';
import { SHAPES_VIT } from '../support/shapes-vit.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

interface Golden {
  readonly labels: readonly string[];
  readonly images: readonly {
    readonly path: string;
    readonly label: string;
    readonly probabilities: readonly number[];
  }[];
}

test('a trained model answers on drawn pictures as timm does with its weights', async () => {
  const golden: Golden = JSON.parse(readFileSync(`${GOLDEN_FOLDER}shapes-vit.json`, 'utf8'));
  using model = await loadModel(SHAPES_VIT);
  expect(model.info.classes).toEqual(golden.labels);
  expect(golden.images.length).toBeGreaterThan(0);
  for (const { path, label, probabilities } of golden.images) {
    const predictions = await model.classify(`${REPOSITORY}${path}`, { topK: golden.labels.length });
    expect(predictions[0]?.label, path).toBe(label);
    const byIndex = golden.labels.map(
      (_, i) => predictions.find(({ index }) => index === i)?.probability ?? Number.NaN,
    );
    expect(byIndex, path).toBeCloseToArray(probabilities, { atol: 1e-4 });
  }
});
