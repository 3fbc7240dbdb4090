import { tensor3d, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { useBackend } from '../../src/tensor/backends/index.ts';
import type { BackendLease } from '../../src/tensor/backends/index.ts';
import { buildViT } from '../../src/vit/build.ts';
import { forward } from '../../src/vit/forward.ts';
import { paramShapes } from '../../src/vit/params.ts';
import type { ViTConfig } from '../../src/weights/architecture.ts';
import { sizeOf } from '../../src/weights/arrays.ts';
import {
  withDistillationTokenAsRegister,
  withHeadOnTokenAndMean,
  withLayerScale,
  withPatchBias,
  withPositions,
  withPrefixPositions,
} from '../../src/weights/vit-weights.ts';
import type { ViTWeights } from '../../src/weights/vit-weights.ts';

/** The same sums in another order at most. */
const LOGITS = { atol: 1e-6, rtol: 1e-6 };

const CONFIG: ViTConfig = {
  kind: 'vit',
  imageSize: { height: 6, width: 10 },
  patchSize: 2,
  numChannels: 3,
  patchBias: true,
  dim: 10,
  depth: 2,
  numHeads: 2,
  numClasses: 7,
  mlp: { kind: 'plain', hiddenDim: 13, activation: 'gelu' },
  epsilon: 1e-6,
  qkvBias: true,
  qkNorm: false,
  layerScale: false,
  inputNorm: false,
  prefix: { classToken: true, distillationToken: true, numRegisters: 3 },
  positions: { kind: 'learned', numPrefix: 5, resample: 'bicubic' },
  pooling: { kind: 'class-token' },
};
const NUM_PATCHES = 15;

let lease: BackendLease;
beforeAll(async () => {
  lease = await useBackend('cpu');
});
afterAll(() => lease.release());

/** Some number for each value, between −1 and 1 and nowhere twice the same. */
function networkOf(changes: Partial<ViTConfig> = {}): ViTWeights {
  const config = { ...CONFIG, ...changes };
  const shapes = paramShapes(config);
  const names = [...shapes.keys()];
  return {
    config,
    parameter: (name) => {
      const shape = shapes.get(name);
      if (shape === undefined) throw new Error(`no parameter ${name}`);
      const seed = names.indexOf(name);
      return { shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1.7 * i + 12.9 * seed)) };
    },
  };
}

function logitsOf({ config, parameter }: ViTWeights): Float32Array {
  const arrays = new Map([...paramShapes(config)].map(([name]) => [name, parameter(name)]));
  using vit = buildViT(arrays, config, config);
  const pixels = Float32Array.from({ length: NUM_PATCHES * 12 }, (_, i) => Math.cos(2.3 * i));
  return tidy(() => forward(vit, tensor3d(pixels, [1, NUM_PATCHES, 12])).dataSync<'float32'>());
}

describe('another form of a network gives the same logits', () => {
  test.each([0, 1, 2, 3, 4, 5])('positions for %d of five prefix tokens in place of any other number', (to) => {
    for (const from of [0, 1, 2, 3, 4, 5]) {
      const network = networkOf({ positions: { kind: 'learned', numPrefix: from, resample: 'bicubic' } });
      const moved = withPrefixPositions(network, to);
      expect(moved.config.positions).toMatchObject({ numPrefix: to });
      // The very sums that the network makes, made before.
      expect(logitsOf(moved), `from ${from}`).toEqual(logitsOf(network));
    }
  });

  test('a distillation token that nobody reads, as a register', () => {
    for (const numRegisters of [0, 3]) {
      const prefix = { ...CONFIG.prefix, numRegisters };
      const positions = { kind: 'learned', numPrefix: 2, resample: 'bicubic' } as const;
      const network = networkOf({ prefix, positions });
      const moved = withDistillationTokenAsRegister(network);
      expect(moved.config.prefix).toEqual({ ...prefix, distillationToken: false, numRegisters: numRegisters + 1 });
      expect(logitsOf(moved)).toEqual(logitsOf(network));
    }
  });

  test('layer scale of one', () => {
    expect(logitsOf(withLayerScale(networkOf()))).toEqual(logitsOf(networkOf()));
  });

  test('a patch bias of zero', () => {
    const network = networkOf({ patchBias: false });
    expect(logitsOf(withPatchBias(network))).toEqual(logitsOf(network));
  });

  test('positions of zero', () => {
    const network = networkOf({ positions: { kind: 'none' } });
    const placed = withPrefixPositions(withPositions(network, NUM_PATCHES), 1);
    expect(placed.config.positions).toMatchObject({ kind: 'learned', numPrefix: 1 });
    expect(logitsOf(placed)).toEqual(logitsOf(network));
  });

  test.each([{ kind: 'class-token' }, { kind: 'mean', norm: 'before' }] as const)(
    'a head on class token and mean, of which it reads one: $kind',
    (pooling) => {
      const network = networkOf({ pooling });
      const moved = withHeadOnTokenAndMean(network);
      expect(moved.config.pooling).toEqual({ kind: 'class-token-and-mean' });
      expect(logitsOf(moved)).toBeCloseToArray(logitsOf(network), LOGITS);
    },
  );
});

test('a network that has the form already is left as it is', () => {
  const network = networkOf({ layerScale: true, pooling: { kind: 'class-token-and-mean' } });
  for (const form of [withLayerScale, withHeadOnTokenAndMean, withPatchBias]) expect(form(network)).toBe(network);
  expect(withPrefixPositions(network, 5)).toBe(network);
  expect(withPositions(network, NUM_PATCHES)).toBe(network);
});
