import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { convNeXtCost } from '../src/cnn/convnext-cost.ts';
import { mobileNetV2Cost } from '../src/cnn/mobilenet-v2-cost.ts';
import { resNetCost } from '../src/cnn/resnet-cost.ts';
import { resNetVariant } from '../src/cnn/resnet-variants.ts';
import type { Cost } from '../src/metrics/cost.ts';
import { vitCost } from '../src/vit/cost.ts';
import { variant } from '../src/vit/variants.ts';
import type { Size } from '../src/weights/preprocessing.ts';
import { GOLDEN_FOLDER } from './support/goldens.ts';
import { convNeXtOf, mobileNetV2Of, vitOf } from './support/published.ts';
import type { CountedViT } from './support/published.ts';

interface Counted {
  readonly costs: readonly (Cost & Size)[];
}

/** Counted from the operators that torch runs (test/golden/make_published_costs.py). */
const { costs }: { costs: Record<string, Record<string, Counted>> } = read('published-costs.json');
const { counts }: { counts: { timm: Record<string, CountedViT> } } = read('parameter-counts.json');
const VARIANTS = Object.entries(costs).flatMap(([library, variants]) =>
  Object.entries(variants).map(([name, counted]) => [library, name, counted] as const),
);

describe('what an image costs is exact', () => {
  test.each(VARIANTS)('%s %s', (_, name, counted) => {
    for (const { height, width, ...cost } of counted.costs) expect(costOfNamed(name, { height, width })).toEqual(cost);
  });

  test('in the numbers that everyone knows', () => {
    const inUnits = (name: string): string[] => {
      const { multiplyAddsWithNorms, activations } = costOfNamed(name, { height: 224, width: 224 })!;
      return [(multiplyAddsWithNorms / 1e9).toFixed(2), (activations / 1e6).toFixed(2)];
    };
    // From the tables that timm publishes: GMACs and millions of activations.
    expect(inUnits('vit_tiny_patch16_224')).toEqual(['1.26', '5.97']);
    expect(inUnits('vit_base_patch16_224')).toEqual(['17.58', '23.90']);
    expect(inUnits('resnet18')).toEqual(['1.82', '2.48']);
    expect(inUnits('resnet34')).toEqual(['3.67', '3.74']);
    expect(inUnits('resnet50')).toEqual(['4.11', '11.11']);
    expect(inUnits('mobilenetv2_100')).toEqual(['0.31', '6.68']);
    expect(inUnits('convnext_tiny')).toEqual(['4.47', '13.44']);
  });

  test('and left open where no formula says it', () => {
    const attention = { mechanism: 'linear', reach: { kind: 'all' }, qkv: 'separate' } as const;
    expect(vitCost(variant('Ti', 16, { attention }))).toBeUndefined();
    expect(vitCost(variant('Ti', 16, { attention: { ...attention, mechanism: 'scaled-dot' } }))).toBeDefined();
  });
});

function costOfNamed(name: string, size: Size): Cost | undefined {
  const depth = /^(?:wide_)?resnet(18|34|50|101|152)/.exec(name)?.[1];
  if (depth !== undefined) {
    const plain = resNetVariant(Number(depth) as Parameters<typeof resNetVariant>[0]);
    const factor = name.startsWith('wide') ? 2 : 1;
    const stages = plain.stages.map((stage) => ({ ...stage, width: factor * stage.width }));
    return resNetCost({ ...plain, stages }, size);
  }
  if (name.startsWith('mobilenet')) return mobileNetV2Cost(mobileNetV2Of(name.endsWith('140') ? 1.4 : 1), size);
  if (name.startsWith('convnext')) return convNeXtCost(convNeXtOf([3, 3, name.endsWith('tiny') ? 9 : 27, 3]), size);
  const counted = counts.timm[name];
  if (counted === undefined) throw new Error(`parameter-counts.json: expected ${name}`);
  return vitCost(vitOf(name, { ...counted, imageSize: size.height }));
}

function read(file: string) {
  return JSON.parse(readFileSync(`${GOLDEN_FOLDER}${file}`, 'utf8'));
}
