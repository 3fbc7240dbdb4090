import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { accuracyByClass, accuracyOf, confusionOf } from '../../src/metrics/accuracy.ts';
import { contingencyOf, errorConsistency } from '../../src/metrics/agreement.ts';
import type { LabelledAnswer } from '../../src/metrics/answer.ts';
import { calibrationOf, negativeLogLikelihood } from '../../src/metrics/calibration.ts';
import { chiSquareTail } from '../../src/metrics/chi-square.ts';
import { jensenShannon } from '../../src/metrics/divergence.ts';
import { bootstrapMean, wilsonInterval } from '../../src/metrics/intervals.ts';
import { kernelAlignment, unbiasedHsic } from '../../src/metrics/kernel-alignment.ts';
import { mcnemar } from '../../src/metrics/mcnemar.ts';
import { spreadOf } from '../../src/metrics/quantiles.ts';
import { topK } from '../../src/metrics/top-k.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';

/** Sums of up to a thousand float64 terms in another order. */
const ROUNDING = { rtol: 1e-12, atol: 1e-14 };
/** Tails far out lose digits in the exponential of both sides. */
const FAR_TAIL = { rtol: 1e-11, atol: 0 };
/** Another generator's resamples: four standard errors of the 2.5 % quantile of 20,000. */
const OTHER_RESAMPLES = 0.1;

type Maybe = number | null;
interface Goldens {
  readonly answers: Record<string, AnswersGolden>;
  readonly pairs: Record<
    string,
    {
      contingency: [number, number, number, number];
      kappa: Maybe;
      method: string;
      statistic: Maybe;
      pValue: number;
    }
  >;
  readonly chiSquareTails: [number, number][];
  readonly divergences: { p: number[]; q: number[]; bits: number }[];
  readonly alignments: {
    case: string;
    x: number[][];
    y: number[][];
    batchSize: number;
    hsic: number;
    alignment: number;
  }[];
  readonly quantiles: { values: number[]; median: number; p95: number }[];
  readonly wilson: [number, number, number, number][];
  readonly bootstrap: { differences: number[]; low: number; high: number; error: number };
}
interface AnswersGolden {
  readonly probabilities: number[][];
  readonly labels: number[];
  readonly top1: number;
  readonly top5: number;
  readonly confusion: number[][];
  readonly recall: Maybe[];
  readonly precision: Maybe[];
  readonly logLoss: number;
  readonly expectedCalibrationError: number;
  readonly reliability: { bins: number[]; accuracy: number[]; confidence: number[] };
}

const goldens = JSON.parse(readFileSync(`${GOLDEN_FOLDER}metrics.json`, 'utf8')) as Goldens;

function answersOf({ probabilities, labels }: AnswersGolden): LabelledAnswer[] {
  return probabilities.map((row, i): LabelledAnswer => {
    const top = topK(row, 5);
    const label = labels[i]!;
    return { label, top, confidence: row[top[0]!]!, labelProbability: row[label]! };
  });
}

describe.each(Object.entries(goldens.answers))('answers: %s', (_, golden) => {
  const answers = answersOf(golden);

  test('top-1, top-5 and log loss are those of scikit-learn', () => {
    const found = [accuracyOf(answers)!, accuracyOf(answers, 5)!, negativeLogLikelihood(answers)!];
    expect(found).toBeCloseToArray([golden.top1, golden.top5, golden.logLoss], ROUNDING);
  });

  test('so are the confusion matrix, and recall and precision of each class', () => {
    const dense = golden.confusion.map((row) => row.map(() => 0));
    for (const { label, predicted, images } of confusionOf(answers)) dense[label]![predicted] = images;
    expect(dense).toEqual(golden.confusion);
    const classes = accuracyByClass(answers);
    expect(classes.map(({ index }) => index)).toEqual([...new Set(golden.labels)].toSorted((a, b) => a - b));
    for (const { index, top1, precision, images } of classes) {
      expect(images).toBe(golden.labels.filter((label) => label === index).length);
      expect([top1]).toBeCloseToArray([golden.recall[index]!], ROUNDING);
      expect([precision ?? -1]).toBeCloseToArray([golden.precision[index] ?? -1], ROUNDING);
    }
  });

  test('so is the reliability curve', () => {
    const { expectedCalibrationError, bins } = calibrationOf(answers);
    const filled = bins.flatMap((bin, i) => (bin.images > 0 ? [{ ...bin, i }] : []));
    const { reliability } = golden;
    expect(filled.map(({ i }) => i)).toEqual(reliability.bins);
    expect(filled.map(({ accuracy }) => accuracy!)).toBeCloseToArray(reliability.accuracy, ROUNDING);
    expect(filled.map(({ confidence }) => confidence!)).toBeCloseToArray(reliability.confidence, ROUNDING);
    expect([expectedCalibrationError!]).toBeCloseToArray([golden.expectedCalibrationError], ROUNDING);
  });
});

describe.each(Object.entries(goldens.pairs))('a pair: %s', (_, golden) => {
  const [both, onlyFirst, onlySecond, neither] = golden.contingency;
  const table = { both, onlyFirst, onlySecond, neither };

  test("kappa of errors and McNemar's test are those of scikit-learn and scipy", () => {
    const found = mcnemar(table);
    expect(found.method).toBe(golden.method);
    expect([found.statistic ?? -1, found.pValue]).toBeCloseToArray([golden.statistic ?? -1, golden.pValue], FAR_TAIL);
    expect([errorConsistency(table) ?? -2]).toBeCloseToArray([golden.kappa ?? -2], ROUNDING);
  });

  test('is counted image by image', () => {
    const images = [both, onlyFirst, onlySecond, neither].flatMap((n, kind) =>
      Array.from({ length: n }, () => [kind < 2, kind % 2 === 0] as const),
    );
    const first = images.map(([right]) => right);
    const second = images.map(([, right]) => right);
    expect(contingencyOf(first, second)).toEqual(table);
  });
});

test("the tail of the chi-square distribution is scipy's", () => {
  const found = goldens.chiSquareTails.map(([x]) => chiSquareTail(x));
  expect(found).toBeCloseToArray(
    goldens.chiSquareTails.map(([, tail]) => tail),
    FAR_TAIL,
  );
});

test("the Jensen-Shannon divergence is scipy's distance squared", () => {
  const found = goldens.divergences.map(({ p, q }) => jensenShannon(p, q));
  expect(found).toBeCloseToArray(
    goldens.divergences.map(({ bits }) => bits),
    ROUNDING,
  );
});

test.each(goldens.alignments)('kernel alignment of $case features is that of U-centred kernels', (golden) => {
  const { x, y, batchSize, hsic, alignment } = golden;
  expect([unbiasedHsic(kernelOf(x), kernelOf(y), x.length)]).toBeCloseToArray([hsic], ROUNDING);
  const sums = { cross: 0, first: 0, second: 0 };
  for (let from = 0; from < x.length; from += batchSize) {
    const [k, l] = [kernelOf(x.slice(from, from + batchSize)), kernelOf(y.slice(from, from + batchSize))];
    sums.cross += unbiasedHsic(k, l, batchSize);
    sums.first += unbiasedHsic(k, k, batchSize);
    sums.second += unbiasedHsic(l, l, batchSize);
  }
  expect([kernelAlignment(sums)!]).toBeCloseToArray([alignment], ROUNDING);
});

function kernelOf(rows: readonly number[][]): number[] {
  return rows.flatMap((a) => rows.map((b) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)));
}

test("median and 95th percentile are numpy's", () => {
  for (const { values, median, p95 } of goldens.quantiles) {
    const found = spreadOf(values)!;
    expect([found.median, found.p95]).toBeCloseToArray([median, p95], ROUNDING);
  }
});

test("Wilson's interval is scipy's", () => {
  for (const [right, images, low, high] of goldens.wilson) {
    const found = wilsonInterval(right, images)!;
    expect([found.low, found.high]).toBeCloseToArray([low, high], ROUNDING);
  }
});

test("the bootstrap's interval is near scipy's", () => {
  const { differences, low, high, error } = goldens.bootstrap;
  const found = bootstrapMean(differences, { seed: 1, resamples: 20_000 })!;
  expect(Math.abs(found.low - low) / error).toBeLessThan(OTHER_RESAMPLES);
  expect(Math.abs(found.high - high) / error).toBeLessThan(OTHER_RESAMPLES);
});
