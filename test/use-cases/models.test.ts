import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { loadModel } from '../../src/use-cases/classify.ts';
import { findImages } from '../../src/use-cases/inputs.ts';
import { EMBEDDED_MODEL, listModels } from '../../src/use-cases/models.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';

test('the model that classifies and the one that it is compared with have the same classes', () => {
  const [vit, cnn] = listModels();
  expect(vit?.name).toBe(EMBEDDED_MODEL);
  expect(cnn?.classes).toEqual(vit?.classes);
});

interface Golden {
  readonly images: readonly { readonly path: string; readonly probabilities: readonly number[] }[];
}

test.for(listModels())(
  '$name is what the list says, and names pictures as timm does with its weights',
  async (listed) => {
    using model = await loadModel(listed.name);
    const { numParameters, classes } = model.info;
    expect({ numParameters, classes }).toEqual({ numParameters: listed.numParameters, classes: listed.classes });
    const golden: Record<string, Golden> = JSON.parse(readFileSync(`${GOLDEN_FOLDER}embedded.json`, 'utf8'));
    const { images } = golden[listed.name]!;
    expect(images.map(({ path }) => path)).toEqual(await findImages(['images']));
    for (const { path, probabilities } of images) {
      const predictions = await model.classify(path, { topK: classes.length });
      const byIndex = classes.map((_, i) => predictions.find(({ index }) => index === i)?.probability ?? Number.NaN);
      expect(byIndex, path).toBeCloseToArray(probabilities, { atol: 1e-4 });
    }
  },
);
