import type { Contingency } from '../metrics/agreement.ts';
import type { ComparedModel, ComparedPair, Comparison } from './comparison.ts';
import { markup, name } from './markup.ts';
import type { Markup } from './markup.ts';
import { megabytes, milliseconds, percent, points, pointsInterval, pValue, short } from './numbers.ts';
import { sortableTable } from './table.ts';
import type { Column } from './table.ts';

const NOTHING = '–';

interface ModelRow {
  readonly model: ComparedModel;
  readonly shortName: string;
}

export function modelsTable(comparison: Comparison, names: readonly string[]): Markup {
  const rows = comparison.models.map((model, i): ModelRow => ({ model, shortName: names[i]! }));
  const columns: Column<ModelRow>[] = [
    { name: 'Model', cell: ({ shortName }) => name(shortName), order: ({ shortName }) => shortName },
    ...accuracyColumns(),
    ...costColumns(),
    ...speedColumns(),
  ];
  return sortableTable({ caption: 'Accuracy and cost', columns, rows });
}

/** A number that may be missing, and the same as text. */
function numeric(
  heading: string,
  value: (model: ComparedModel) => number | null | undefined,
  show: (value: number) => string,
): Column<ModelRow> {
  const of = ({ model }: ModelRow): number | null => value(model) ?? null;
  return {
    name: heading,
    cell: (row) => {
      const number = of(row);
      return number === null ? NOTHING : show(number);
    },
    order: of,
  };
}

function accuracyColumns(): Column<ModelRow>[] {
  return [
    numeric('Top-1', ({ accuracy }) => accuracy?.top1, percent),
    {
      name: '95 % interval',
      cell: ({ model: { accuracy } }) =>
        accuracy === null ? NOTHING : `${percent(accuracy.top1Interval.low)} to ${percent(accuracy.top1Interval.high)}`,
    },
    numeric('Top-5', ({ accuracy }) => accuracy?.top5, percent),
    numeric(
      'Log loss',
      ({ accuracy }) => accuracy?.negativeLogLikelihood,
      (nats) => nats.toFixed(3),
    ),
    numeric('Calibration error', ({ accuracy }) => accuracy?.expectedCalibrationError, percent),
  ];
}

function costColumns(): Column<ModelRow>[] {
  return [
    numeric('Parameters', ({ parameters }) => parameters, short),
    numeric('Multiply-adds', ({ cost }) => cost.multiplyAdds, short),
    numeric('with norms', ({ cost }) => cost.multiplyAddsWithNorms, short),
    numeric('Activations', ({ cost }) => cost.activations, short),
    numeric('Weights', ({ weightBytes }) => weightBytes, megabytes),
  ];
}

function speedColumns(): Column<ModelRow>[] {
  return [
    numeric('Latency', ({ speed }) => speed?.latency.median, milliseconds),
    numeric('p95', ({ speed }) => speed?.latency.p95, milliseconds),
    numeric(
      'Images/s',
      ({ speed }) => speed?.throughput,
      (rate) => rate.toFixed(1),
    ),
    numeric('Peak memory', ({ memory }) => memory?.peakBytes, megabytes),
    {
      name: 'Runs as',
      cell: ({ model: { backend, precision, threads } }) => `${backend} ${precision}, ${threads} threads`,
    },
  ];
}

export function pairsTable({ pairs }: Comparison, names: readonly string[]): Markup {
  const title = ({ first, second }: ComparedPair): string => `${names[first]} and ${names[second]}`;
  const hasLabels = pairs.some(({ accuracy }) => accuracy !== null);
  const columns: Column<ComparedPair>[] = [
    { name: 'Pair', cell: (pair) => name(title(pair)), order: title },
    { name: 'Agreement', cell: ({ agreement }) => percent(agreement), order: ({ agreement }) => agreement },
    {
      name: 'Divergence (bits)',
      cell: ({ divergence }) => divergence.mean.toFixed(3),
      order: ({ divergence }) => divergence.mean,
    },
    ...(hasLabels ? labelledColumns() : []),
  ];
  return sortableTable({ caption: 'Every two models', columns, rows: pairs });
}

function labelledColumns(): Column<ComparedPair>[] {
  return [
    count('Both right', 'both'),
    count('Only first', 'onlyFirst'),
    count('Only second', 'onlySecond'),
    count('Neither', 'neither'),
    {
      name: 'Difference (points)',
      cell: ({ accuracy }) => (accuracy === null ? NOTHING : points(accuracy.difference)),
      order: ({ accuracy }) => accuracy?.difference ?? null,
    },
    {
      name: '95 % interval',
      cell: ({ accuracy }) => (accuracy?.interval ? pointsInterval(accuracy.interval) : NOTHING),
    },
    {
      name: 'p (McNemar)',
      cell: ({ accuracy }) =>
        accuracy === null ? NOTHING : `${pValue(accuracy.adjustedPValue)}, ${accuracy.mcnemar.method}`,
      order: ({ accuracy }) => accuracy?.adjustedPValue ?? null,
    },
    {
      name: 'Error consistency',
      cell: ({ accuracy }) => accuracy?.errorConsistency?.toFixed(2) ?? NOTHING,
      order: ({ accuracy }) => accuracy?.errorConsistency ?? null,
    },
  ];
}

function count(heading: string, of: keyof Contingency): Column<ComparedPair> {
  return {
    name: heading,
    cell: ({ accuracy }) => (accuracy === null ? NOTHING : String(accuracy[of])),
    order: ({ accuracy }) => accuracy?.[of] ?? null,
  };
}

/** Of a thousand classes only these are shown, those that the models differ most on; the JSON has all. */
const MOST_CLASSES = 100;

interface ClassRow {
  readonly index: number;
  readonly label: string;
  readonly images: number;
  /** By model. */
  readonly top1: readonly number[];
}

export function classesTable({ models }: Comparison, names: readonly string[]): Markup | undefined {
  const [first] = models;
  if (!first?.accuracy) return undefined;
  const all = first.accuracy.perClass.map(({ index, label, images }, i): ClassRow => {
    // Every model was asked about the same images, so their classes stand at the same places.
    return { index, label, images, top1: models.map(({ accuracy }) => accuracy?.perClass[i]?.top1 ?? 0) };
  });
  const spread = ({ top1 }: ClassRow): number => Math.max(...top1) - Math.min(...top1);
  const rows = all.toSorted((a, b) => spread(b) - spread(a) || a.index - b.index).slice(0, MOST_CLASSES);
  const caption =
    rows.length < all.length
      ? `Top-1 of the ${rows.length} classes that differ most, of ${all.length}`
      : 'Top-1 of each class';
  const columns: Column<ClassRow>[] = [
    { name: 'Class', cell: ({ index, label }) => markup`${index} ${name(label)}`, order: ({ label }) => label },
    { name: 'Images', cell: ({ images }) => String(images), order: ({ images }) => images },
    ...names.map((model, m): Column<ClassRow> => ({
      name: model,
      cell: ({ top1 }) => percent(top1[m]!),
      order: ({ top1 }) => top1[m]!,
    })),
  ];
  return sortableTable({ caption, columns, rows });
}

/** So many of each model: the first say what it mixes up, the rest are mostly of one image. */
const MOST_MISTAKES = 10;

interface MistakeRow {
  readonly model: string;
  readonly is: string;
  /** What it was taken for. */
  readonly taken: string;
  readonly images: number;
}

/** The cells of the confusion matrices off their diagonals with the most images. */
export function mistakesTable({ models, data }: Comparison, names: readonly string[]): Markup | undefined {
  const labels = new Map(data.classes.map(({ index, label }) => [index, label]));
  const labelOf = (index: number): string => labels.get(index) ?? `class ${index}`;
  const rows = models.flatMap(({ accuracy }, m) =>
    (accuracy?.confusion ?? [])
      .filter(({ label, predicted }) => label !== predicted)
      .toSorted((a, b) => b.images - a.images)
      .slice(0, MOST_MISTAKES)
      .map(({ label, predicted, images }): MistakeRow => ({
        model: names[m]!,
        is: labelOf(label),
        taken: labelOf(predicted),
        images,
      })),
  );
  if (rows.length === 0) return undefined;
  const columns: Column<MistakeRow>[] = [
    { name: 'What is', cell: ({ is }) => name(is), order: ({ is }) => is },
    { name: 'was taken for', cell: ({ taken }) => name(taken), order: ({ taken }) => taken },
    { name: 'by', cell: ({ model }) => name(model), order: ({ model }) => model },
    { name: 'Images', cell: ({ images }) => String(images), order: ({ images }) => images },
  ];
  return sortableTable({ caption: 'Most frequent mistakes', columns, rows });
}
