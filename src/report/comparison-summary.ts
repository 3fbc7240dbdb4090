import type { Comparison } from './comparison.ts';
import { shortNames } from './comparison-names.ts';
import { verdictOf } from './comparison-verdict.ts';
import { megabytes, milliseconds, percent, short } from './numbers.ts';

/** The gist of a comparison as text, to be laid out where it is shown. */
export interface ComparisonSummary {
  /** The first row names the columns. */
  readonly models: readonly (readonly string[])[];
  /** A sentence or two for each pair. */
  readonly verdicts: readonly string[];
  /** A table for each kind of perturbation: a row for each model, a column for each level. */
  readonly robustness: readonly { readonly title: string; readonly rows: readonly (readonly string[])[] }[];
}

export function summariseComparison(comparison: Comparison): ComparisonSummary {
  const names = shortNames(comparison);
  return {
    models: modelRows(comparison, names),
    verdicts: comparison.pairs.map((pair) => verdictOf(pair, names)),
    robustness: comparison.robustness.map(({ kind, unit, images, levels, models }) => ({
      title: `${kind} (${unit}; ${images} images): ${models[0]?.accuracy === null ? 'answers that stay' : 'top-1'}`,
      rows: [
        ['Model', 'as is', ...levels.map(String)],
        ...models.map(({ accuracy, cleanAccuracy, unchanged }, m) => [
          names[m]!,
          ...[cleanAccuracy ?? 1, ...(accuracy ?? unchanged)].map(percent),
        ]),
      ],
    })),
  };
}

function modelRows({ models }: Comparison, names: readonly string[]): string[][] {
  const columns: readonly (readonly [string, (model: Comparison['models'][number]) => string | undefined])[] = [
    ['Top-1', ({ accuracy }) => (accuracy?.top1 === undefined ? undefined : percent(accuracy.top1))],
    ['Top-5', ({ accuracy }) => (accuracy?.top5 === undefined ? undefined : percent(accuracy.top5))],
    ['NLL', ({ accuracy }) => accuracy?.negativeLogLikelihood.toFixed(3)],
    [
      'ECE',
      ({ accuracy }) =>
        accuracy?.expectedCalibrationError === undefined ? undefined : percent(accuracy.expectedCalibrationError),
    ],
    ['Parameters', ({ parameters }) => short(parameters)],
    ['MACs', ({ cost }) => short(cost.multiplyAdds)],
    ['Latency', ({ speed }) => speed?.latency && milliseconds(speed.latency.median)],
    ['p95', ({ speed }) => speed?.latency && milliseconds(speed.latency.p95)],
    ['Images/s', ({ speed }) => speed?.throughput.toFixed(1)],
    ['Memory', ({ memory }) => (memory?.peakBytes === undefined ? undefined : megabytes(memory.peakBytes))],
  ];
  const rows = models.map((model) => columns.map(([, cell]) => cell(model)));
  // A column that nobody has anything to say in is left out.
  const kept = columns.flatMap((_, c) => (rows.some((row) => row[c] !== undefined) ? [c] : []));
  return [
    ['Model', ...kept.map((c) => columns[c]![0])],
    ...rows.map((row, m) => [names[m]!].concat(kept.map((c) => row[c] ?? '-'))),
  ];
}
