import { describe, expect, test } from 'vitest';

import { explorerPage, loadModel } from '../../src/index.ts';
import { errorOf, rowOf } from '../../src/report/explorer/quantise.ts';
import { readGoldens } from '../support/goldens.ts';
import { ASSETS, HAS_ASSETS } from './assets.ts';

/** Float32 against float64, of values below one. */
const EXACT = 1e-5;
const MEGABYTES = 1e6;

const goldens = readGoldens<{ readonly model: string; readonly targets: Readonly<Record<string, number>> }>(
  'attention-photos',
);

describe.runIf(HAS_ASSETS)('the explorer of ViT-Ti/16 on photographs', () => {
  test('holds the attention of float64 torch, and is no larger than 3 MB', { timeout: 300_000 }, async () => {
    using model = await loadModel(`${ASSETS}${goldens.manifest.model}`, { backend: 'wasm' });
    for (const [photo, target] of Object.entries(goldens.manifest.targets).slice(0, 2)) {
      const explored = await model.explore(`${ASSETS}photos/${photo}`);
      const { attention, grid, predictions, steps, token } = explored;
      expect(predictions[0]!.index).toBe(target);
      // Of the last layer's class token: heads, one after the other.
      const expected = goldens.array(`${photo}/attention`).data;
      const N = expected.length / attention.numHeads;
      for (const { head, weights } of steps) {
        const exact = expected.subarray(head * N, (head + 1) * N);
        const place = { layer: attention.layers.length - 1, head };
        const stated = errorOf(attention, grid, place, token);
        expect(weights).toBeCloseToArray(exact, { atol: EXACT });
        expect(rowOf(attention, grid, place, token)).toBeCloseToArray(exact, { atol: stated + EXACT });
        expect(stated).toBeLessThan(Math.max(...exact) / 250);
      }
      let bytes = 0;
      for await (const piece of explorerPage(explored)) bytes += Buffer.byteLength(piece);
      expect(bytes).toBeLessThan(3 * MEGABYTES);
    }
  });
});
