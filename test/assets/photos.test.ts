import { describe, expect, test } from 'vitest';

import { BACKEND_NAMES, loadModel } from '../../src/index.ts';
import { probeBackends } from '../../src/tensor/backends/index.ts';
import { ASSETS, expectedAnswers, HAS_ASSETS } from './assets.ts';

/** What the project promises in its default precision. */
const PROBABILITIES = { atol: 1e-4 };
const MODEL = 'vit-tiny-patch16-224';

const loading = new Set((await probeBackends()).filter(({ status }) => status === 'loads').map(({ name }) => name));

/** Where the reference leads by less, an answer in bfloat16 may differ. */
const CLEAR_MARGIN = 0.05;

describe.runIf(HAS_ASSETS && loading.has('native'))('ViT-Ti/16 in fewer bits', () => {
  test.for([
    ['bf16x3', 1e-4],
    ['bf16', 0.02],
  ] as const)('%s stays within %d of the reference', { timeout: 60_000 }, async ([precision, tolerance]) => {
    using model = await loadModel(`${ASSETS}${MODEL}`, { backend: 'native', precision });
    expect(model.info.precision).toBe(precision);
    for (const [name, answers] of Object.entries(expectedAnswers())) {
      const { top5 } = answers[MODEL]!;
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

describe.runIf(HAS_ASSETS)('ViT-Ti/16 on real photographs answers as timm does', () => {
  test.for(BACKEND_NAMES.filter((name) => loading.has(name)))('on %s', { timeout: 300_000 }, async (backend) => {
    const expected = Object.entries(expectedAnswers());
    using model = await loadModel(`${ASSETS}${MODEL}`, { backend });
    const paths = expected.map(([name]) => `${ASSETS}photos/${name}`);
    let next = 0;
    for await (const result of model.classifyAll(paths)) {
      const [name, answers] = expected[next++]!;
      expect(result.status, name).toBe('ok');
      const predictions = result.status === 'ok' ? result.predictions : [];
      const top5 = answers[MODEL]!.top5;
      expect(
        predictions.map(({ index }) => index),
        name,
      ).toEqual(top5.map(({ index }) => index));
      expect(
        predictions.map(({ label }) => label),
        name,
      ).toEqual(top5.map(({ label }) => label));
      const probabilities = predictions.map(({ probability }) => probability);
      expect(probabilities, name).toBeCloseToArray(
        top5.map(({ probability }) => probability),
        PROBABILITIES,
      );
    }
    expect(next).toBe(expected.length);
  });
});
