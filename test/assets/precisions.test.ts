import { describe, expect, test } from 'vitest';

import { loadModel } from '../../src/index.ts';
import { probeBackends } from '../../src/tensor/backends/index.ts';
import { ASSETS, expectedAnswers, HAS_ASSETS } from './assets.ts';

/** What the project promises. */
const PRECISIONS = [
  ['bf16x3', 1e-4],
  ['bf16', 0.02],
] as const;
const MODELS = ['vit-tiny-patch16-224', 'mobilenet-v2-224'];

/** Where the reference leads by less, an answer in bfloat16 may differ. */
const CLEAR_MARGIN = 0.05;

const loads = (await probeBackends()).some(({ name, status }) => name === 'native' && status === 'loads');

describe.runIf(HAS_ASSETS && loads).each(MODELS)('%s in fewer bits', (folder) => {
  test.for(PRECISIONS)('%s stays within %d of the reference', { timeout: 60_000 }, async ([precision, tolerance]) => {
    using model = await loadModel(`${ASSETS}${folder}`, { backend: 'native', precision });
    expect(model.info.precision).toBe(precision);
    for (const [name, answers] of Object.entries(expectedAnswers())) {
      const { top5 } = answers[folder]!;
      const predictions = await model.classify(`${ASSETS}photos/${name}`, { topK: 1000 });
      for (const { index, probability } of top5) {
        const ours = predictions.find((prediction) => prediction.index === index);
        expect(Math.abs(ours!.probability - probability), name).toBeLessThan(tolerance);
      }
      const margin = top5[0]!.probability - top5[1]!.probability;
      if (margin > CLEAR_MARGIN) expect(predictions[0]!.index, name).toBe(top5[0]!.index);
    }
  });
});
