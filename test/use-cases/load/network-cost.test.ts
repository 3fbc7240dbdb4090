import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { networkCost } from '../../../src/use-cases/load/network-cost.ts';
import { loadNetwork } from '../../../src/use-cases/load/load.ts';
import type { LoadedNetwork } from '../../../src/use-cases/load/load.ts';
import type { Cost } from '../../../src/metrics/cost.ts';
import { describeBackends } from '../../support/backends.ts';
import { GOLDEN_FOLDER } from '../../support/goldens.ts';

const { costs }: { costs: Readonly<Record<string, Cost>> } = JSON.parse(
  readFileSync(`${GOLDEN_FOLDER}costs.json`, 'utf8'),
);

function sizeOf(folder: string): { readonly height: number; readonly width: number } {
  const { imageSize } = JSON.parse(readFileSync(`${GOLDEN_FOLDER}${folder}/goldens.json`, 'utf8'));
  return imageSize;
}

function withoutFormula({ network, info }: LoadedNetwork): Parameters<typeof networkCost>[0] {
  return { network, info: { ...info, cost: undefined } };
}

test.each(Object.entries(costs))('%s costs what torch counts, product by product', async (folder, cost) => {
  using loaded = await loadNetwork(`${GOLDEN_FOLDER}${folder}`, { backend: 'wasm', imageSize: sizeOf(folder) });
  expect(networkCost(loaded)).toEqual(cost);
});

const vits = Object.entries(costs).filter(([folder]) => folder.startsWith('families/'));

test.each(vits)('%s costs the same where its kernels are counted', async (folder, cost) => {
  using loaded = await loadNetwork(`${GOLDEN_FOLDER}${folder}`, { backend: 'wasm', imageSize: sizeOf(folder) });
  expect(networkCost(withoutFormula(loaded))).toEqual(cost);
});

describeBackends('what a network costs does not depend on the backend', () => {
  test.each(['families/timm-deit-distilled', 'cnns/timm-resnet-bottleneck', 'cnns/timm-resnet-max-pool'])(
    '%s',
    async (folder) => {
      using loaded = await loadNetwork(`${GOLDEN_FOLDER}${folder}`, { imageSize: sizeOf(folder) });
      expect(networkCost(loaded)).toEqual(costs[folder]);
      if (loaded.vit !== undefined) expect(networkCost(withoutFormula(loaded))).toEqual(costs[folder]);
    },
  );
});
