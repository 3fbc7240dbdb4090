import { describe, expect, test } from 'vitest';

import { BACKEND_NAMES, loadModel } from '../../src/index.ts';
import { probeBackends } from '../../src/tensor/backends/index.ts';
import { ASSETS, expectedAnswers, HAS_ASSETS } from './assets.ts';

/** What the project promises in its default precision. */
const PROBABILITIES = { atol: 1e-4 };
const MODEL = 'vit-tiny-patch16-224';

const loading = new Set((await probeBackends()).filter(({ status }) => status === 'loads').map(({ name }) => name));

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
