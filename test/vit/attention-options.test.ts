// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { tensor3d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';

import { ArgumentError, WeightsError } from '../../src/errors.ts';
import { attentionForm } from '../../src/vit/attention-form.ts';
import { buildViT } from '../../src/vit/build.ts';
import { forward } from '../../src/vit/forward.ts';
import { geometryOf } from '../../src/vit/geometry.ts';
import { paramShapes, vitParams } from '../../src/vit/params.ts';
import { variant } from '../../src/vit/variants.ts';
import type { Attention, PositionEncoding, ViTConfig } from '../../src/weights/architecture.ts';
import { describeBackends } from '../support/backends.ts';
import { referenceViT } from '../support/reference-vit.ts';
import { agreementWith, randomInput, tensorOf } from '../support/reference.ts';
import type { Input } from '../support/reference.ts';

/** 2×3 patches of 2×2 pixels, two heads of width 4. */
const TINY: ViTConfig = variant('Ti', 2, {
  imageSize: { height: 4, width: 6 },
  numChannels: 3,
  dim: 8,
  depth: 1,
  numHeads: 2,
  numClasses: 3,
  mlp: { kind: 'plain', hiddenDim: 5, activation: 'gelu-quick' },
  prefix: { classToken: false, distillationToken: false, numRegisters: 0 },
  positions: { kind: 'learned', numPrefix: 0, resample: 'bicubic' },
  pooling: { kind: 'mean', norm: 'before' },
});

const attention = (changes: Partial<Attention>): Pick<ViTConfig, 'attention'> => ({
  attention: { mechanism: 'scaled-dot', reach: { kind: 'all' }, qkv: 'separate', ...changes },
});

const RING = {
  kind: 'graph',
  edges: [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
    [4, 5],
    [5, 0],
  ],
} as const;

const CONFIGS: Record<string, Partial<ViTConfig>> = {
  'the plain network': {},
  'one head': { numHeads: 1 },
  'fused queries, keys and values': attention({ qkv: 'fused' }),
  'the dot product unscaled': attention({ mechanism: 'dot' }),
  'additive attention': attention({ mechanism: 'additive' }),
  'linear attention': attention({ mechanism: 'linear' }),
  'causal linear attention': attention({ mechanism: 'linear', reach: { kind: 'causal' } }),
  'a causal mask': attention({ reach: { kind: 'causal' } }),
  'a window': attention({ reach: { kind: 'window', before: 1, after: 2 } }),
  'a neighbourhood': attention({ reach: { kind: 'neighbourhood', radius: 1 } }),
  'additive attention in a neighbourhood': attention({
    mechanism: 'additive',
    reach: { kind: 'neighbourhood', radius: 1 },
  }),
  'a graph': attention({ reach: RING }),
  'relative positions': { positions: { kind: 'relative' } },
  'relative positions in a window': {
    positions: { kind: 'relative' },
    ...attention({ reach: { kind: 'window', before: 2, after: 2 } }),
  },
  'quadratic relative positions': { positions: { kind: 'relative-quadratic' } },
  'rotary positions': { positions: { kind: 'rotary-2d' } },
  'rotary positions in a neighbourhood': {
    positions: { kind: 'rotary-2d' },
    ...attention({ reach: { kind: 'neighbourhood', radius: 1 } }),
  },
  'no positions': { positions: { kind: 'none' } },
  'a token for each pixel, its three channels': { patchSize: 1, imageSize: { height: 2, width: 3 } },
  'pixel tokens that see their neighbours': {
    patchSize: 1,
    imageSize: { height: 3, width: 3 },
    positions: { kind: 'rotary-2d' },
    ...attention({ reach: { kind: 'neighbourhood', radius: 1 } }),
  },
  'a stem of one convolution': { stem: { widths: [4] } },
  'a stem of two convolutions': { stem: { widths: [3, 4] }, patchSize: 4, imageSize: { height: 4, width: 8 } },
};

const AGREEMENTS = Object.entries(CONFIGS).map(([name, changes]) => {
  const config = { ...TINY, ...changes };
  const inputs: Record<string, Input> = { ...parametersOf(config), patches: patchesOf(config) };
  const reference = ({ patches, ...params }: typeof inputs): number[] => referenceViT(config, params, patches!);
  return { name, config, expectAgreement: agreementWith({ inputs, reference }) };
});

describeBackends('a ViT agrees with float64, in its logits and every gradient, with', () => {
  test.each(AGREEMENTS)('$name', ({ config, expectAgreement }) => {
    expectAgreement(({ patches, ...params }) => {
      const tree = vitParams(config, (parameter) => params[parameter]!);
      const form = attentionForm(config, (made) => made);
      return forward({ config, params: tree, attention: form }, patches as Tensor3D);
    });
  });
});

describeBackends('positions', () => {
  const KINDS: PositionEncoding[] = [
    { kind: 'learned', numPrefix: 1, resample: 'bicubic' },
    { kind: 'sincos-1d' },
    { kind: 'sincos-2d' },
    { kind: 'relative' },
    { kind: 'relative-quadratic' },
    { kind: 'rotary-2d' },
  ];
  const ORDER = [4, 2, 0, 5, 1, 3];
  /** Two blocks in float32, the sums in another order. */
  const SAME = { atol: 1e-5 };

  /** Patch tokens after the last block: as given, and with the patches in another order. */
  function tokensInBothOrders(positions: PositionEncoding): [straight: number[][], permuted: number[][]] {
    const config: ViTConfig = {
      ...TINY,
      depth: 2,
      positions,
      prefix: { ...TINY.prefix, classToken: true },
      pooling: { kind: 'class-token' },
    };
    using vit = build(config);
    const { numPatches, patchDim } = geometryOf(config);
    const { data } = patchesOf(config);
    const rows = Array.from({ length: numPatches }, (_, i) => [...data.subarray(i * patchDim, (i + 1) * patchDim)]);
    const run = (patches: number[][]): number[][] => {
      let tokens: number[][] = [];
      tidy(() => {
        forward(vit, tensor3d([patches]), (name, value) => {
          if (name === 'blocks.1') [tokens] = (value as Tensor3D).arraySync() as [number[][]];
        });
      });
      return tokens.slice(1);
    };
    return [run(rows), run(ORDER.map((i) => rows[i]!))];
  }

  test('without any, permuting the patches permutes the outputs', () => {
    const [straight, permuted] = tokensInBothOrders({ kind: 'none' });
    expect(permuted.flat()).toBeCloseToArray(
      ORDER.flatMap((i) => straight[i]!),
      SAME,
    );
  });

  test.each(KINDS)('with $kind it does not', (positions) => {
    const [straight, permuted] = tokensInBothOrders(positions);
    const expected = ORDER.flatMap((i) => straight[i]!);
    const largest = Math.max(...permuted.flat().map((value, i) => Math.abs(value - expected[i]!)));
    expect(largest).toBeGreaterThan(1e-2);
  });
});

describeBackends('a class token', () => {
  test('sees all and is seen by all, whatever the reach of the patches', () => {
    const config: ViTConfig = {
      ...TINY,
      ...attention({ reach: { kind: 'neighbourhood', radius: 0 } }),
      prefix: { ...TINY.prefix, classToken: true },
      positions: { kind: 'rotary-2d' },
    };
    using vit = build(config);
    let seen: boolean[][] = [];
    tidy(() => {
      forward(vit, tensorOf<Tensor3D>(patchesOf(config)), (name, value) => {
        if (name !== 'blocks.0.attention.weights') return;
        const [[rows = []] = []] = (value as Tensor4D).arraySync();
        seen = rows.map((row) => row.map((weight) => weight > 0));
      });
    });
    const tokens = [0, 1, 2, 3, 4, 5, 6];
    expect(seen).toEqual(tokens.map((i) => tokens.map((j) => i === 0 || j === 0 || i === j)));
  });
});

describe('options that do not go together', () => {
  test.each<[string, Partial<ViTConfig>, string]>([
    [
      'linear attention in a window',
      attention({ mechanism: 'linear', reach: { kind: 'window', before: 1, after: 1 } }),
      'linear attention: expected reach all or causal and no position bias, got reach window',
    ],
    [
      'linear attention with a bias of its scores',
      { ...attention({ mechanism: 'linear' }), positions: { kind: 'relative' } },
      'linear attention: expected reach all or causal and no position bias, got a relative position bias',
    ],
    [
      'a patch smaller than the stride of the stem',
      { stem: { widths: [4, 4] } },
      'stem: expected a patch that its 2 convolutions can halve each, got 2 pixels',
    ],
    [
      'heads that no pair of coordinates fits',
      { positions: { kind: 'rotary-2d' }, numHeads: 4 },
      'rotary positions: expected a head width that is a multiple of 4, got 2',
    ],
  ])('%s', (_name, changes, message) => {
    expect(() => build({ ...TINY, ...changes })).toThrow(new ArgumentError(message));
  });

  test('a table of relative positions at another image size', () => {
    const config: ViTConfig = { ...TINY, positions: { kind: 'relative' } };
    expect(() => buildViT(arraysOf(config), config, { ...config, imageSize: { height: 8, width: 6 } })).toThrow(
      new WeightsError('blocks.0.attention.relative: expected [36, 2], got [16, 2]'),
    );
  });
});

function parametersOf(config: ViTConfig): Record<string, Input> {
  const shapes = [...paramShapes(config)];
  return Object.fromEntries(shapes.map(([name, shape], seed) => [name, randomInput(shape, seed + 1)]));
}

function patchesOf(config: ViTConfig): Input {
  const { numPatches, patchDim } = geometryOf(config);
  return randomInput([1, numPatches, patchDim], 99);
}

function arraysOf(config: ViTConfig): Map<string, { shape: readonly number[]; data: Float32Array }> {
  const entries = Object.entries(parametersOf(config));
  return new Map(entries.map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]));
}

function build(config: ViTConfig): ReturnType<typeof buildViT> {
  return buildViT(arraysOf(config), config, config);
}
