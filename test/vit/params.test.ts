import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { geometryOf } from '../../src/vit/geometry.ts';
import { countParameters, paramShapes } from '../../src/vit/params.ts';
import { SIZES, variant } from '../../src/vit/variants.ts';
import type { ViTConfig } from '../../src/weights/architecture.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';

interface CountedVariant {
  readonly numParameters: number;
  readonly imageSize: number;
  readonly patchSize: number;
  readonly dim: number;
  readonly depth: number;
  readonly numHeads: number;
  readonly mlpDim: number;
  readonly numTokens: number;
}

/** As the libraries count them (test/golden/make_parameter_counts.py). */
const { counts }: { counts: Record<string, Record<string, CountedVariant>> } = JSON.parse(
  readFileSync(`${GOLDEN_FOLDER}parameter-counts.json`, 'utf8'),
);
const VARIANTS = Object.entries(counts).flatMap(([library, variants]) =>
  Object.entries(variants).map(([name, counted]) => [library, name, counted] as const),
);

describe('parameter counts are exact', () => {
  test.each(VARIANTS)('%s %s', (library, name, counted) => {
    const config = configOf(name, counted);
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

/** What a published name says beyond the sizes. */
function configOf(name: string, counted: CountedVariant): ViTConfig {
  const { imageSize, patchSize, mlpDim, dim, depth, numHeads } = counted;
  const is = (pattern: RegExp): boolean => pattern.test(name);
  const distilled = is(/distilled/);
  // transformers keeps DeiT's distillation token where no head reads it.
  const distillationToken = distilled || is(/^deit-base$/);
  const classToken = !is(/gap/);
  const numRegisters = is(/reg4|registers/) ? 4 : 0;
  const numPrefix = is(/reg4|deit3|gap/) ? 0 : distillationToken ? 2 : 1;
  const transformersDino = is(/^dinov2/);
  return variant('B', patchSize, {
    imageSize: { height: imageSize, width: imageSize },
    dim,
    depth,
    numHeads,
    mlp: is(/giant.*dinov2|dinov2.*giant/)
      ? { kind: 'swiglu', hiddenDim: mlpDim }
      : { kind: 'plain', hiddenDim: mlpDim, activation: 'gelu' },
    prefix: { classToken, distillationToken, numRegisters },
    positions: { kind: 'learned', numPrefix, resample: 'bicubic' },
    layerScale: is(/deit3|dinov2|medium_patch16_gap|(?:little|medium|betwixt)_patch16_reg4_gap/),
    qkvBias: !is(/medium_patch16_gap/),
    inputNorm: is(/clip/),
    patchBias: !is(/clip/),
    pooling: poolingOf({ distilled, classToken, transformersDino }),
  });
}

function poolingOf(is: { distilled: boolean; classToken: boolean; transformersDino: boolean }): ViTConfig['pooling'] {
  if (is.distilled) return { kind: 'distilled' };
  if (is.transformersDino) return { kind: 'class-token-and-mean' };
  return is.classToken ? { kind: 'class-token' } : { kind: 'mean', norm: 'after' };
}

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
