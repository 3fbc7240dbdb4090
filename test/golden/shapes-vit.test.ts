import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { EMBEDDED_MODEL, listModels, loadModel } from '../../src/index.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

interface Golden {
  readonly labels: readonly string[];
  readonly images: readonly {
    readonly path: string;
    readonly label: string;
    readonly probabilities: readonly number[];
  }[];
}

test('the embedded model answers on the sample images as timm does with its weights', async () => {
  const golden: Golden = JSON.parse(readFileSync(`${GOLDEN_FOLDER}shapes-vit.json`, 'utf8'));
  using model = await loadModel(EMBEDDED_MODEL);
  const [listed] = listModels();
  expect(listed).toMatchObject({
    name: EMBEDDED_MODEL,
    numParameters: model.info.numParameters,
    classes: golden.labels,
  });
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
