import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { fuseHeads } from '../../src/attribution/heads.ts';
import { propagateAll, propagateRow } from '../../src/attribution/propagate.ts';
import { discarded, rolloutStep } from '../../src/attribution/rollout.ts';
import { ArgumentError } from '../../src/errors.ts';

/** Steps are float32. */
const EXACT = { atol: 1e-6 };

const FIRST = { numHeads: 2, numTokens: 2, data: Float32Array.of(0.75, 0.25, 0.5, 0.5, 0.25, 0.75, 0, 1) };
const SECOND = { numHeads: 1, numTokens: 2, data: Float32Array.of(0.5, 0.5, 0, 1) };

describe('attention rollout', () => {
  test('of two tokens and two layers, by hand', () => {
    // Ā₁ = [[½, ½], [¼, ¾]]; Â₁ = (Ā₁ + I)/2 = [[¾, ¼], [⅛, ⅞]]; Â₂ = [[¾, ¼], [0, 1]].
    const steps = [rolloutStep(FIRST), rolloutStep(SECOND)];
    expect([...steps[0]!]).toEqual([0.75, 0.25, 0.125, 0.875]);
    expect([...steps[1]!]).toEqual([0.75, 0.25, 0, 1]);
    // The first row of Â₂·Â₁: ¾·[¾, ¼] + ¼·[⅛, ⅞].
    expect([...propagateRow([1, 0], steps)]).toEqual([0.59375, 0.40625]);
    expect([...propagateAll(2, steps)]).toEqual([0.59375, 0.40625, 0.125, 0.875]);
  });

  test('divides each row by its own sum, where vit-explain divides columns by the sums of rows', () => {
    // max: [[¾, ¾], [½, 1]] + I = [[1¾, ¾], [½, 2]], row sums 2½ and 2½; dropping the least makes them differ.
    const step = rolloutStep(FIRST, { fusion: 'max', discard: { ratio: 0.25 } });
    expect([...step]).toEqual([1.75 / 2.5, 0.75 / 2.5, 0, 1].map(Math.fround));
  });

  test('rows sum to one in every step and every product, whatever is fused and dropped', () => {
    const weights = fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 75, maxLength: 75 });
    const fusions = fc.constantFrom('mean', 'max', 'min');
    fc.assert(
      fc.property(weights, fusions, fc.double({ min: 0, max: 1, noNaN: true }), (data, fusion, ratio) => {
        const layer = { numHeads: 3, numTokens: 5, data: Float32Array.from(data) };
        const step = rolloutStep(layer, { fusion, discard: { ratio, keepRow: 0 } });
        const all = propagateAll(5, [step, step, step]);
        const sums = Array.from({ length: 5 }, (_, q) => all.slice(q * 5, q * 5 + 5).reduce((a, b) => a + b));
        expect(sums).toBeCloseToArray([1, 1, 1, 1, 1], EXACT);
        const row = propagateRow([0, 0, 1, 0, 0], [step, step, step]);
        expect(row).toBeCloseToArray(all.slice(10, 15), EXACT);
      }),
      { numRuns: 50 },
    );
  });
});

describe('discard', () => {
  const matrix = () => Float32Array.of(0.1, 0.2, 0.7, 0.3, 0.3, 0.4, 0.6, 0.05, 0.35);

  test('sets exactly the smallest share of all values to zero', () => {
    expect([...discarded(matrix(), 3, { ratio: 0.5 })]).toEqual(
      [0, 0, 0.7, 0, 0.3, 0.4, 0.6, 0, 0.35].map(Math.fround),
    );
    expect(discarded(matrix(), 3, { ratio: 1 }).every((value) => value === 0)).toBe(true);
    expect([...discarded(matrix(), 3, { ratio: 0 })]).toEqual([...matrix()]);
  });

  test('keeps the row of the class token, where vit-explain keeps no more than its first value', () => {
    const right = discarded(matrix(), 3, { ratio: 0.5, keepRow: 0 });
    expect([...right.subarray(0, 3)]).toEqual([0.1, 0.2, 0.7].map(Math.fround));
    const asPublished = discarded(matrix(), 3, { ratio: 0.5, keepFirstValueOnly: true });
    expect([...asPublished.subarray(0, 3)]).toEqual([0.1, 0, 0.7].map(Math.fround));
    expect([...asPublished.subarray(3)]).toEqual([...right.subarray(3)]);
  });

  test('refuses a ratio that is none', () => {
    for (const ratio of [-0.1, 1.1, NaN]) expect(() => discarded(matrix(), 3, { ratio })).toThrow(ArgumentError);
  });

  test('does not reach back into the weights it was given', () => {
    const before = [...FIRST.data];
    rolloutStep(FIRST, { discard: { ratio: 0.9 } });
    rolloutStep({ ...SECOND }, { fusion: 'max', discard: { ratio: 0.9 } });
    expect([...FIRST.data]).toEqual(before);
    expect([...fuseHeads(SECOND, 'max')]).toEqual([0.5, 0.5, 0, 1]);
  });
});
