import { describe, expect, test } from 'vitest';

import { countParameters, paramShapes } from '../../src/vit/params.ts';
import { SIZES, variant } from '../../src/vit/variants.ts';
import type { SizeName } from '../../src/vit/variants.ts';

/** Counted by timm 1.0.29 as sum(p.numel() for p in model.parameters()), 1,000 classes at 224 pixels. */
const PUBLISHED: readonly [size: SizeName, patchSize: number, numParameters: number][] = [
  ['Ti', 16, 5_717_416],
  ['S', 16, 22_050_664],
  ['S', 32, 22_878_952],
  ['B', 8, 86_576_872],
  ['B', 16, 86_567_656],
  ['B', 32, 88_224_232],
  ['L', 16, 304_326_632],
  ['L', 32, 306_535_400],
  ['H', 14, 632_045_800],
];

describe('parameter counts are exact', () => {
  test.each(PUBLISHED)('ViT-%s/%i has %i', (size, patchSize, numParameters) => {
    expect(countParameters(variant(size, patchSize))).toBe(numParameters);
  });

  test('every size has a row', () => {
    expect(new Set(PUBLISHED.map(([size]) => size))).toEqual(new Set(Object.keys(SIZES)));
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
