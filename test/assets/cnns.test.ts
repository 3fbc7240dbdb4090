import { describe, expect, test } from 'vitest';

import { BACKEND_NAMES, loadModel } from '../../src/index.ts';
import { probeBackends } from '../../src/tensor/backends/index.ts';
import { ASSETS, expectedAnswers, HAS_ASSETS } from './assets.ts';

/** The reference is torch's convolutions in float32, which differ from any others by that much. */
const PROBABILITIES = { atol: 1e-3 };
const MODEL = 'mobilenet-v2-224';

const loading = new Set((await probeBackends()).filter(({ status }) => status === 'loads').map(({ name }) => name));

describe.runIf(HAS_ASSETS)('MobileNetV2 on real photographs answers as torchvision does with SAME padding', () => {
  test.for(BACKEND_NAMES.filter((name) => loading.has(name)))('on %s', { timeout: 300_000 }, async (backend) => {
    const expected = Object.entries(expectedAnswers());
    using model = await loadModel(`${ASSETS}${MODEL}`, { backend });
    expect(model.info.numParameters).toBe(3_504_872);
    expect(model.info.cost?.multiplyAdds).toBe(300_774_272);
    const paths = expected.map(([name]) => `${ASSETS}photos/${name}`);
    let next = 0;
    for await (const result of model.classifyAll(paths)) {
      const [name, answers] = expected[next++]!;
      expect(result.status, name).toBe('ok');
      const predictions = result.status === 'ok' ? result.predictions : [];
      const { top5 } = answers[MODEL]!;
      expect(predictions[0]?.index, name).toBe(top5[0]?.index);
      const wanted = new Map(top5.map(({ index, probability }) => [index, probability]));
      const found = predictions.filter(({ index }) => wanted.has(index));
      expect(found.length, name).toBeGreaterThanOrEqual(4);
      expect(
        found.map(({ probability }) => probability),
        name,
      ).toBeCloseToArray(
        found.map(({ index }) => wanted.get(index) ?? 0),
        PROBABILITIES,
      );
    }
    expect(next).toBe(expected.length);
  });
});
