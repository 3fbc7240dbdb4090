import { stringify } from 'csv-stringify/sync';

import type { Evaluation, EvaluationRun } from '../../index.ts';
import type { Colours } from './colours.ts';
import { columns } from './columns.ts';
import { printable } from './printable.ts';

/** For people: a line for each model, and the classes that it does worst on. */
export function evaluationTable({ evaluations, convention }: EvaluationRun, colours: Colours): string {
  const head = ['Model', 'Images', 'Failed', 'Top-1', '95 % interval', 'Top-5', 'NLL', 'ECE'].map(colours.dim);
  const rows = evaluations.map((evaluation) => {
    const { model, images, failed, top1, top1Interval, top5, negativeLogLikelihood, expectedCalibrationError } =
      evaluation;
    return [
      printable(model),
      String(images),
      failed === 0 ? '0' : colours.red(String(failed)),
      colours.bold(percent(top1)),
      `${percent(top1Interval.low)} – ${percent(top1Interval.high)}`,
      percent(top5),
      negativeLogLikelihood.toFixed(3),
      percent(expectedCalibrationError),
    ];
  });
  const worst = evaluations.map((evaluation) => worstClasses(evaluation, colours)).join('');
  return `${columns([head, ...rows])}${worst}${colours.dim(`labels read by ${convention}`)}\n`;
}

const SHOWN_CLASSES = 10;

function worstClasses({ model, perClass }: Evaluation, { dim }: Colours): string {
  if (perClass.length < 2) return '';
  const worst = perClass.toSorted((a, b) => a.top1 - b.top1 || b.images - a.images).slice(0, SHOWN_CLASSES);
  const which =
    worst.length < perClass.length ? `the ${worst.length} hardest of ${perClass.length} classes` : 'each class';
  const head = ['Class', 'Images', 'Top-1', 'Top-5', 'Precision'].map(dim);
  const rows = worst.map(({ index, label, images, top1, top5, precision }) => [
    `${index} ${printable(label)}`,
    String(images),
    percent(top1),
    percent(top5),
    precision === null ? '-' : percent(precision),
  ]);
  return `\n${printable(model)}, ${which}\n${columns([head, ...rows])}\n`;
}

/** A row for each class of each model, and one for all of them with no class. */
export function evaluationCsv(evaluations: readonly Evaluation[]): string {
  const rows = evaluations.flatMap(({ model, images, top1, top5, perClass }) => [
    { model, index: '', label: '', images, top1, top5, precision: '' },
    ...perClass.map((row) => ({ model, ...row })),
  ]);
  const names = ['model', 'index', 'label', 'images', 'top1', 'top5', 'precision'];
  return stringify(rows, { columns: names, header: true, escape_formulas: true });
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
