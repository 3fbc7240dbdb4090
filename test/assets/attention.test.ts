import { describe, expect, test } from 'vitest';

import type { AttentionMethod, AttentionOptions } from '../../src/index.ts';
import { loadModel } from '../../src/index.ts';
import { probeBackends } from '../../src/tensor/backends/index.ts';
import { readGoldens } from '../support/goldens.ts';
import { ASSETS, HAS_ASSETS } from './assets.ts';

/** Float32 against float64; norms of tokens reach 500. */
const MAPS = { atol: 1e-5, rtol: 1e-5 };

interface Manifest {
  readonly model: string;
  readonly targets: Readonly<Record<string, number>>;
  readonly otherTarget: number;
  readonly methods: readonly string[];
  readonly masks: number;
  readonly seed: number;
}

const goldens = readGoldens<Manifest>('attention-photos');
const { model: name, targets, otherTarget, methods, masks, seed } = goldens.manifest;
const loading = (await probeBackends()).filter(({ status, name: backend }) => status === 'loads' && backend !== 'cpu');

describe.runIf(HAS_ASSETS)('maps of ViT-Ti/16 on photographs agree with float64 torch', () => {
  test.for(loading)('on $name', { timeout: 600_000 }, async ({ name: backend }) => {
    using model = await loadModel(`${ASSETS}${name}`, { backend });
    for (const [photo, target] of Object.entries(targets)) {
      const check = async (golden: string, options: AttentionOptions): Promise<void> => {
        const { maps, target: explained } = await model.attention(`${ASSETS}photos/${photo}`, options);
        if (explained !== undefined) expect(explained.index).toBe(options.target ?? target);
        const values = maps.flatMap(({ prefix, values: patches }) =>
          Object.values(prefix).concat(Array.from(patches.data)),
        );
        expect(values, `${photo}: ${golden}`).toBeCloseToArray(goldens.array(`${photo}/${golden}`).data, MAPS);
      };
      await check('attention', { method: 'attention', fusion: 'none' });
      await check('rise', { method: 'rise', masks, seed });
      if (goldens.has(`${photo}/occlusion`)) await check('occlusion', { method: 'occlusion' });
      await check('relevance-other', { method: 'relevance', target: otherTarget });
      for (const method of methods) {
        await (method === 'rollout-max-discard'
          ? check(method, { method: 'rollout', fusion: 'max', discard: 0.5 })
          : check(method, { method: method as AttentionMethod }));
      }
    }
  });
});
