// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { profile, randomNormal, tidy } from '@tensorflow/tfjs-core';
import type { Tensor3D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { ArgumentError } from '../../src/errors.ts';
import { localAttention } from '../../src/nn/local-attention.ts';
import type { LocalAttentionOptions } from '../../src/nn/local-attention.ts';
import { describeBackends } from '../support/backends.ts';
import { attend, dot, expectAgreement, headOf, heads, randomInput } from '../support/reference.ts';

const CASES: Record<string, Pick<LocalAttentionOptions, 'grid' | 'reach'>> = {
  'a window, blocks that do not fill the sequence': {
    grid: { Gh: 1, Gw: 11 },
    reach: { up: 0, down: 0, left: 2, right: 1 },
  },
  'a causal window': { grid: { Gh: 1, Gw: 7 }, reach: { up: 0, down: 0, left: 3, right: 0 } },
  'a window longer than the sequence': { grid: { Gh: 1, Gw: 5 }, reach: { up: 0, down: 0, left: 9, right: 9 } },
  'each token by itself': { grid: { Gh: 1, Gw: 5 }, reach: { up: 0, down: 0, left: 0, right: 0 } },
  'a neighbourhood': { grid: { Gh: 5, Gw: 7 }, reach: { up: 1, down: 1, left: 1, right: 1 } },
  'a lopsided neighbourhood': { grid: { Gh: 3, Gw: 5 }, reach: { up: 2, down: 0, left: 0, right: 1 } },
};

describeBackends('local attention agrees with float64, gradients too', () => {
  for (const [name, { grid, reach }] of Object.entries(CASES)) {
    test(name, () => {
      const N = grid.Gh * grid.Gw;
      const sees = (i: number, j: number): boolean => {
        const rows = Math.floor(j / grid.Gw) - Math.floor(i / grid.Gw);
        const columns = (j % grid.Gw) - (i % grid.Gw);
        return rows >= -reach.up && rows <= reach.down && columns >= -reach.left && columns <= reach.right;
      };
      expectAgreement({
        inputs: { q: randomInput([2, N, 6], 1), k: randomInput([2, N, 6], 2), v: randomInput([2, N, 4], 3) },
        run: ({ q, k, v }) => localAttention(q as Tensor3D, k as Tensor3D, v as Tensor3D, { numHeads: 2, grid, reach }),
        reference: ({ q, k, v }) =>
          heads(2, 2, (b, h) =>
            attend(
              [headOf(q, b, h, 2), headOf(k, b, h, 2), headOf(v, b, h, 2)],
              (query, key) => dot(query, key) / Math.sqrt(3),
              sees,
            ),
          ),
      });
    });
  }
});

describeBackends('local attention', () => {
  test('needs memory in proportion to the sequence', async () => {
    const peakOf = async (N: number): Promise<number> => {
      const x = randomNormal([1, N, 4], 0, 1, 'float32', 1) as Tensor3D;
      const options = { numHeads: 1, grid: { Gh: 1, Gw: N }, reach: { up: 0, down: 0, left: 8, right: 8 } };
      const { peakBytes } = await profile(() => tidy(() => void localAttention(x, x, x, options)));
      x.dispose();
      return peakBytes;
    };
    const [once, twice] = [await peakOf(512), await peakOf(1024)];
    expect(twice / once).toBeLessThan(2.1);
  });

  test('a reach that is no whole number is named', () => {
    expect(() =>
      tidy(() => {
        const x = randomNormal([1, 4, 2]) as Tensor3D;
        return localAttention(x, x, x, {
          numHeads: 1,
          grid: { Gh: 2, Gw: 2 },
          reach: { up: 1, down: 1, left: 1.5, right: 1 },
        });
      }),
    ).toThrow(new ArgumentError('local attention reach: expected whole numbers of at least 0, got 1.5'));
  });
});
