import { describe, expect, test } from 'vitest';

import { ArgumentError } from '../../../src/errors.ts';
import { BUILT_IN_EXAMPLE } from '../../../src/use-cases/explain/example.ts';
import type { AttentionExample } from '../../../src/use-cases/explain/example.ts';
import { explainImage } from '../../../src/use-cases/explain/image.ts';
import type { ExplainImageOptions } from '../../../src/use-cases/explain/image.ts';
import { explainTraining } from '../../../src/use-cases/explain/training.ts';
import { explain } from '../../../src/use-cases/explain/explain.ts';
import { explanationPage } from '../../../src/report/explanation-page.ts';
import { explanationText } from '../../../src/report/explanation-text.ts';
import type { Explanation } from '../../../src/report/explanation.ts';
import { describeBackends } from '../../support/backends.ts';
import { SHAPES, SHAPES_VIT } from '../../support/shapes-vit.ts';
import { attend, dot, softmaxOf } from '../../support/reference.ts';

const EXACT = { atol: 1e-6 };

describeBackends('the worked example', () => {
  test('has the numbers that come out by hand', async () => {
    const { heads, scale } = await explain(BUILT_IN_EXAMPLE);
    const [head] = heads;
    expect(head).toMatchObject({
      queries: [
        [1, 2],
        [1, 1],
      ],
      keys: [
        [1, 0],
        [0, 1],
      ],
      values: [
        [1, 1],
        [1, 0],
      ],
      scores: [
        [1, 2],
        [1, 1],
      ],
    });
    expect(scale).toBeCloseTo(Math.SQRT1_2, 12);
    expect(head!.scaledScores[0]).toBeCloseToArray([Math.SQRT1_2, Math.SQRT2], EXACT);
    expect(head!.weights[0]).toBeCloseToArray(softmaxOf([Math.SQRT1_2, Math.SQRT2]), EXACT);
    expect(head!.outputs[0]).toBeCloseToArray([1, 0.33023], { atol: 1e-5 });
  });

  test('changes with Wk: keys, scores, weights and sums, but not queries and values', async () => {
    const before = (await explain(BUILT_IN_EXAMPLE)).heads[0]!;
    const after = (
      await explain({
        ...BUILT_IN_EXAMPLE,
        wk: [
          [1, 0],
          [0, 1],
        ],
      })
    ).heads[0]!;
    for (const step of ['keys', 'scores', 'scaledScores', 'weights', 'outputs'] as const) {
      expect(after[step], step).not.toEqual(before[step]);
    }
    expect(after.queries).toEqual(before.queries);
    expect(after.values).toEqual(before.values);
  });

  test('with two heads and a mask is what float64 gives for each head', async () => {
    const example: AttentionExample = {
      vectors: [
        [1, 2],
        [0, -1],
        [3, 1],
      ],
      wq: [
        [1, 0, 2, 1],
        [0, 1, -1, 1],
      ],
      wk: [
        [1, 1, 0, 1],
        [2, 0, 1, 0],
      ],
      wv: [
        [1, 2],
        [3, 4],
      ],
      heads: 2,
      mask: [
        [1, 0, 1],
        [1, 1, 0],
        [0, 0, 1],
      ],
    };
    const { heads, outputs, queryTokens } = await explain(example);
    expect(queryTokens).toEqual(['a1', 'a2', 'a3']);
    const expected = heads.map((head) =>
      attend(
        [head.queries, head.keys, head.values],
        (query, key) => dot(query, key) / Math.SQRT2,
        (i, j) => (example.mask as number[][])[i]![j] === 1,
      ),
    );
    expect(heads[1]!.queries).toEqual([
      [0, 3],
      [1, -1],
      [5, 4],
    ]);
    expect(outputs.flat()).toBeCloseToArray(
      [0, 1, 2].flatMap((i) => expected.flatMap((head) => head[i]!)),
      EXACT,
    );
    expect(heads.map(({ weights }) => weights[2])).toEqual([
      [0, 0, 1],
      [0, 0, 1],
    ]);
  });
});

describe('an example that does not fit together', () => {
  const FORM = 'Expected {"vectors", "wq", "wk", "wv"} as rows of numbers, and perhaps "tokens", "heads", "mask".';
  test.each<[string, object, string]>([
    ['rows', { wk: [[1, 0]] }, 'example.wk: expected 2 rows, got 1'],
    ['columns', { wk: [[1], [0]] }, 'example.wk: expected 2 columns, got 1'],
    ['names', { tokens: ['a'] }, 'example.tokens: expected 2 names, got 1'],
    ['heads', { heads: 3 }, 'example.heads: expected a divisor of the 2 columns of wq, got 3'],
    ['a ragged matrix', { wq: [[1, 0], [1]] }, `example.wq: rows of one length. ${FORM}`],
    ['a mask of another size', { mask: [[1, 1]] }, 'example.mask: expected 2 rows, got 1'],
    [
      'a vector with nothing to attend to',
      {
        mask: [
          [1, 1],
          [0, 0],
        ],
      },
      'attention mask: expected a key for every query, got none for query 1 of sequence 0. Let it attend to itself.',
    ],
  ])('%s', async (_name, changes, message) => {
    await expect(explain({ ...BUILT_IN_EXAMPLE, ...changes })).rejects.toThrow(new ArgumentError(message));
  });
});

describeBackends('the training', () => {
  test('cat finds mat, the loss falls, and the same seed gives the same', async () => {
    const { training, heads, queryTokens } = await explainTraining();
    const [before, during, after] = training!.snapshots;
    expect(before!.loss).toBeGreaterThan(during!.loss);
    expect(during!.loss).toBeGreaterThan(after!.loss);
    expect(after!.loss).toBeLessThan(0.01);
    expect(before!.weight).toBeLessThan(0.25);
    expect(after!.weight).toBeGreaterThan(0.9);
    // The explained matrices are those at the end.
    expect(queryTokens[1]).toBe('cat');
    expect(heads[0]!.weights[1]![5]).toBeCloseTo(after!.weight, 6);
    expect((await explainTraining()).training).toEqual(training);
    expect((await explainTraining({ seed: 2 })).training).not.toEqual(training);
  });

  test('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(explainTraining({ signal })).rejects.toThrow('enough');
  });
});

describe('a photo', () => {
  const IMAGE = `${SHAPES}star/gold.png`;
  const explained = (options: Omit<ExplainImageOptions, 'model'>) =>
    explainImage(IMAGE, { ...options, model: SHAPES_VIT });

  test('one patch in one layer and head: a row of attention over all tokens', async () => {
    const { heads, keyTokens, queryTokens, title } = await explained({ layer: 1, head: 2, patch: [0, 5] });
    expect(title).toContain('patch 0,5 in layer 1, head 2');
    expect(queryTokens).toEqual(['patch 0,5']);
    expect(keyTokens).toHaveLength(37);
    expect(keyTokens.slice(0, 2)).toEqual(['class', 'patch 0,0']);
    const [head] = heads;
    expect(head!.scores[0]).toBeCloseToArray(
      head!.keys.map((key) => dot(head!.queries[0]!, key)),
      { atol: 1e-3 },
    );
    expect(head!.weights[0]).toBeCloseToArray(softmaxOf(head!.scaledScores[0]!), { atol: 1e-5 });
  });

  test('another head gives other weights; heads, layers and patches that are not there are named', async () => {
    const [first, second] = [await explained({ head: 0 }), await explained({ head: 1 })];
    expect(first.heads[0]!.weights).not.toEqual(second.heads[0]!.weights);
    await expect(explained({ layer: 4 })).rejects.toThrow('layer: expected a whole number from 0 to 3, got 4');
    await expect(explained({ patch: [6, 0] })).rejects.toThrow('patch row: expected a whole number from 0 to 5');
  });
});

describe('the page', () => {
  test('is self-contained, escaped, and holds every matrix and number', async () => {
    const tokens = ['<script>alert(1)</script>', '"&\''];
    const page = explanationPage(await explain({ ...BUILT_IN_EXAMPLE, tokens }));
    expect(page).not.toMatch(/https?:|src=|url\(|@import|<script/);
    expect(page).toContain('&#60;script&#62;alert(1)&#60;/script&#62;');
    expect(page).toContain('&#34;&#38;&#39;');
    expect(page).toContain('color-scheme: light dark');
    expect(page.match(/<table>/g)).toHaveLength(11);
    for (const number of ['0.71', '1.41', '0.33', '0.67']) expect(page).toContain(`>${number}</td>`);
  });

  test('of a training draws the weights before, during and after', async () => {
    const page = explanationPage(await explainTraining());
    expect(page.match(/<figcaption>/g)).toHaveLength(3);
    expect(page).toContain('cat → mat');
  });

  test('of a photo shows the keys with the greatest weight', async () => {
    const explanation: Explanation = await explainImage(`${SHAPES}heart/pink.png`, { model: SHAPES_VIT });
    const page = explanationPage(explanation);
    expect(page).toContain('The 24 keys with the greatest weight, of 37.');
    const strongest = explanation.heads[0]!.weights[0]!.reduce((best, w, i, all) => (w > all[best]! ? i : best), 0);
    expect(page).toContain(`<th>${explanation.keyTokens[strongest]}</th>`);
    expect(explanationText(explanation)).toContain('The 12 keys with the greatest weight, of 37.');
  });
});
