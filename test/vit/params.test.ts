import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { geometryOf } from '../../src/vit/geometry.ts';
import { countParameters, paramShapes } from '../../src/vit/params.ts';
import { SIZES, variant } from '../../src/vit/variants.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';
import { vitOf } from '../support/published.ts';
import type { CountedViT } from '../support/published.ts';

/** As the libraries count them (test/golden/make_parameter_counts.py). */
const { counts }: { counts: Record<string, Record<string, CountedViT>> } = JSON.parse(
  readFileSync(`${GOLDEN_FOLDER}parameter-counts.json`, 'utf8'),
);
const VARIANTS = Object.entries(counts).flatMap(([library, variants]) =>
  Object.entries(variants).map(([name, counted]) => [library, name, counted] as const),
);

describe('parameter counts are exact', () => {
  test.each(VARIANTS)('%s %s', (library, name, counted) => {
    const config = vitOf(name, counted);
    expect(geometryOf(config).numTokens).toBe(counted.numTokens);
    // transformers counts DINOv2's mask token, which serves pre-training alone.
    const idle = library === 'transformers' && name.startsWith('dinov2') ? counted.dim : 0;
    expect(countParameters(config) + idle).toBe(counted.numParameters);
  });

  test('every named size is among them', () => {
    for (const size of Object.values(SIZES))
      expect(VARIANTS.some(([, , counted]) => counted.dim === size.dim)).toBe(true);
  });
});

test('names are paths in the tree, shapes follow from the configuration', () => {
  const config = variant('Ti', 16, { imageSize: { height: 32, width: 48 }, depth: 1, numClasses: 7, qkvBias: false });
  const shapes = paramShapes(config);
  expect(shapes.get('patchEmbedding.kernel')).toEqual([768, 192]);
  expect(shapes.get('positions')).toEqual([1, 7, 192]);
  expect(shapes.get('blocks.0.attention.query.kernel')).toEqual([192, 192]);
  expect(shapes.has('blocks.0.attention.query.bias')).toBe(false);
  expect(shapes.get('blocks.0.attention.output.bias')).toEqual([192]);
  expect(shapes.has('blocks.1.norm1.scale')).toBe(false);
  expect(shapes.get('head.kernel')).toEqual([192, 7]);
});
