import { reshape, tensor, tensor1d, tensor3d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { initialViT } from '../../src/training/initialise-vit.ts';
import { randomOf } from '../../src/training/random.ts';
import { forward } from '../../src/vit/forward.ts';
import { paramShapes, vitParams } from '../../src/vit/params.ts';
import { variant } from '../../src/vit/variants.ts';
import type { ViTConfig } from '../../src/weights/architecture.ts';
import { describeBackends } from '../support/backends.ts';

const [D, P] = [8, 4];
const PIXELS = 3 * P * P;

function configOf(height: number, width: number, pooling: ViTConfig['pooling']): ViTConfig {
  return variant('Ti', P, {
    imageSize: { height, width },
    dim: D,
    depth: 2,
    numHeads: 2,
    numClasses: 3,
    mlp: { kind: 'plain', hiddenDim: 16, activation: 'gelu' },
    pooling,
  });
}

function logitsOf(run: () => Tensor2D): number[][] {
  let rows: number[][] = [];
  tidy(() => {
    rows = run().arraySync();
  });
  return rows;
}

describeBackends('patches that are kept', () => {
  test.for([{ kind: 'class-token' }, { kind: 'mean', norm: 'after' }] as const)(
    'are seen as by a network of a grid of their own, with their positions: $kind',
    async (pooling) => {
      const places = [0, 3, 1, 2];
      const whole = configOf(2 * P, 2 * P, pooling);
      const half = configOf(P, 2 * P, pooling);
      const values = initialViT(whole, randomOf(1));
      const patches = Array.from({ length: 4 }, (_, i) => {
        const random = randomOf(2, i);
        return Array.from({ length: PIXELS }, () => random.normal());
      });
      const paramsOf = (config: ViTConfig, given: ReadonlyMap<string, Float32Array>) => {
        const shapes = paramShapes(config);
        return vitParams<Tensor>(config, (name) => tensor(given.get(name)!, [...shapes.get(name)!]));
      };
      const kept = logitsOf(() =>
        forward(
          {
            config: whole,
            params: paramsOf(whole, values),
            keptPatches: { perImage: 2, indices: tensor1d(places, 'int32') },
          },
          reshape(tensor3d([patches]), [2, 2, PIXELS]),
        ),
      );

      for (const [image, of] of [places.slice(0, 2), places.slice(2)].entries()) {
        const positions = values.get('positions')!;
        const picked = new Float32Array((1 + of.length) * D);
        for (const [i, n] of [0, ...of.map((place) => place + 1)].entries()) {
          picked.set(positions.subarray(n * D, (n + 1) * D), i * D);
        }
        const own = new Map(values).set('positions', picked);
        const alone = logitsOf(() =>
          forward({ config: half, params: paramsOf(half, own) }, tensor3d([patches.slice(2 * image, 2 * image + 2)])),
        );
        expect(kept[image]).toEqual(alone[0]!.map((logit) => expect.closeTo(logit, 5)));
      }
    },
  );
});
