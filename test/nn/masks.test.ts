import { tidy } from '@tensorflow/tfjs-core';
import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';

import { ArgumentError } from '../../src/errors.ts';
import {
  afterPrefix,
  alongEdges,
  attentionMask,
  causal,
  neighbourhood,
  padding,
  windowed,
} from '../../src/nn/masks.ts';
import type { MaskRule } from '../../src/nn/masks.ts';
import { attention, attentionWithWeights } from '../../src/tensor/ops/attention.ts';
import { describeBackends } from '../support/backends.ts';
import { attend, dot, expectAgreement, headOf, heads, randomInput, tensorOf } from '../support/reference.ts';

/** Allowed keys of each query, as text. */
function picture(mask: () => Tensor4D): string[] {
  let sequences: number[][][][] = [];
  tidy(() => void (sequences = mask().arraySync()));
  return sequences.map(([rows]) =>
    rows!.map((row) => row.map((value) => (value === 0 ? 'x' : '.')).join('')).join(' '),
  );
}

const square = (N: number, ...rules: MaskRule[]) =>
  picture(() => attentionMask({ numQueries: N, numKeys: N }, ...rules));

describeBackends('masks', () => {
  test('causal: nobody sees what comes later', () => {
    expect(square(3, causal())).toEqual(['x.. xx. xxx']);
  });

  test('a window of before + 1 + after positions', () => {
    expect(square(5, windowed({ before: 1, after: 2 }))).toEqual(['xxx.. xxxx. .xxxx ..xxx ...xx']);
  });

  test('padding: each sequence sees its own tokens', () => {
    const size = { numQueries: 2, numKeys: 4, numSequences: 2 };
    expect(picture(() => attentionMask(size, padding([1, 3])))).toEqual(['x... x...', 'xxx. xxx.']);
  });

  test('a neighbourhood does not wrap around the edge of the grid', () => {
    expect(square(6, neighbourhood({ Gh: 2, Gw: 3 }, 1))).toEqual(['xx.xx. xxxxxx .xx.xx xx.xx. xxxxxx .xx.xx']);
  });

  test('a graph: along its edges alone, in their direction', () => {
    expect(square(3, alongEdges([[0], [0, 2], [1]]))).toEqual(['x.. x.x .x.']);
  });

  test('the prefix sees all and is seen by all', () => {
    expect(square(4, afterPrefix(1, windowed({ before: 0, after: 0 })))).toEqual(['xxxx xx.. x.x. x..x']);
  });

  test('rules together allow what each of them allows', () => {
    expect(square(4, causal(), windowed({ before: 1, after: 1 }))).toEqual(['x... xx.. .xx. ..xx']);
  });

  test('a query with nothing to attend to is an error, not NaN', () => {
    const message = (query: number, sequence: number): string =>
      `attention mask: expected a key for every query, got none for query ${query} of sequence ${sequence}. ` +
      'Let it attend to itself.';
    expect(() => square(3, alongEdges([[0], [], [2]]))).toThrow(new ArgumentError(message(1, 0)));
    const size = { numQueries: 2, numKeys: 2, numSequences: 2 };
    expect(() => attentionMask(size, padding([2, 0]))).toThrow(new ArgumentError(message(0, 1)));
  });
});

const RULES: Record<string, MaskRule> = {
  causal: causal(),
  window: windowed({ before: 2, after: 1 }),
  neighbourhood: neighbourhood({ Gh: 2, Gw: 3 }, 1),
  graph: alongEdges([[1], [0, 5], [2, 3, 4], [0], [4, 1], [3]]),
  padding: padding([4, 6]),
};

describeBackends('attention under a mask', () => {
  for (const [name, rule] of Object.entries(RULES)) {
    const mask = (): Tensor4D => attentionMask({ numQueries: 6, numKeys: 6, numSequences: 2 }, rule);

    test(`${name}: values and gradients agree with float64`, () => {
      expectAgreement({
        inputs: { q: randomInput([2, 6, 10], 1), k: randomInput([2, 6, 10], 2), v: randomInput([2, 6, 14], 3) },
        run: ({ q, k, v }) => attention(q as Tensor3D, k as Tensor3D, v as Tensor3D, { numHeads: 2, mask: mask() }),
        reference: ({ q, k, v }) =>
          heads(2, 2, (b, h) =>
            attend(
              [headOf(q, b, h, 2), headOf(k, b, h, 2), headOf(v, b, h, 2)],
              (query, key) => dot(query, key) / Math.sqrt(5),
              (i, j) => rule(i, j, b),
            ),
          ),
      });
    });

    test(`${name}: a masked weight is exactly zero, the others are not`, () => {
      const weights = tidy(() => {
        const x = tensorOf<Tensor3D>(randomInput([2, 6, 10], 4));
        return attentionWithWeights(x, x, x, { numHeads: 2, mask: mask() }).weights.arraySync();
      });
      for (const [b, sequence] of weights.entries()) {
        for (const rows of sequence) {
          for (const [i, row] of rows.entries()) {
            expect(row.map((weight) => weight !== 0)).toEqual(row.map((_, j) => rule(i, j, b)));
          }
        }
      }
    });
  }
});

describe('the rules', () => {
  test('are of positions alone: no tensor is made before a mask is', () => {
    expect(causal()(3, 4, 0)).toBe(false);
    expect(windowed({ before: 1, after: 0 })(3, 2, 0)).toBe(true);
  });
});
