import { collect } from './collect.ts';
import type { Collection, CollectOptions } from './collect.ts';
import type { LabelConvention } from './classes.ts';
import { loadPanel } from './panel.ts';
import type { Panel } from './panel.ts';
import { ArgumentError, NoImagesError } from '../../errors.ts';
import type { ErrorCode } from '../../errors.ts';
import { accuracyByClass, accuracyOf, confusionOf } from '../../metrics/accuracy.ts';
import { isRight } from '../../metrics/answer.ts';
import type { LabelledAnswer } from '../../metrics/answer.ts';
import { calibrationOf, negativeLogLikelihood } from '../../metrics/calibration.ts';
import { wilsonInterval } from '../../metrics/intervals.ts';
import type { Interval } from '../../metrics/intervals.ts';
import { labelOf } from '../prediction.ts';

/** How a model did on a labelled set. Shares are 0…1. */
export interface Evaluation {
  readonly model: string;
  /** Labelled images that the model answered; every share is of these. */
  readonly images: number;
  /** Images that could not be used. */
  readonly failed: number;
  readonly top1: number;
  readonly top5: number;
  /** 95 % interval of top1 (Wilson). */
  readonly top1Interval: Interval;
  /** Nats. */
  readonly negativeLogLikelihood: number;
  readonly expectedCalibrationError: number;
  readonly reliability: ReturnType<typeof calibrationOf>['bins'];
  readonly perClass: readonly (ReturnType<typeof accuracyByClass>[number] & { readonly label: string })[];
  /** Cells that are not zero. */
  readonly confusion: ReturnType<typeof confusionOf>;
}

export interface EvaluationRun {
  readonly evaluations: readonly Evaluation[];
  /** How the data set's labels were read. */
  readonly convention: LabelConvention;
  /** Images without a label, which were left out. */
  readonly unlabelled: number;
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly path: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * How models do on a data set: a folder with a folder for each class, or a CSV file of path,label.
 *
 * @throws what `loadModel` throws; ArgumentError for labels that are no classes of the models; NoImagesError; the signal's
 *   reason.
 */
export async function evaluate(
  source: string,
  models: readonly string[],
  options: CollectOptions = {},
): Promise<EvaluationRun> {
  if (models.length === 0) throw new ArgumentError('evaluate: expected at least one model, got none');
  using panel = await loadPanel(models, options);
  return evaluationsOf(source, panel, await collect(source, panel, options));
}

function evaluationsOf(source: string, panel: Panel, collection: Collection): EvaluationRun {
  const { convention, questions } = collection;
  if (convention === undefined) {
    throw new ArgumentError(
      `${source}: expected labels, as <folder>/<class>/… or a CSV file of path,label, got images alone`,
    );
  }
  const failures = failuresOf(collection);
  const evaluations = panel.members.map(({ info }, m): Evaluation => {
    const accuracy = accuracyReport(labelledAnswers(collection, m), panel.classes);
    if (accuracy === null) throw nothingAnswered(source, failures);
    const { images, top1, top5, ...rest } = accuracy;
    return { model: info.name, images, failed: failures.length, top1, top5, ...rest };
  });
  const unlabelled = questions.filter(({ label }) => label === undefined).length;
  return { evaluations, convention, unlabelled, failures };
}

function nothingAnswered(source: string, failures: readonly Failure[]): NoImagesError {
  const first = failures[0] === undefined ? '' : `, the first because of ${failures[0].message}`;
  return new NoImagesError(
    `${source}: expected a labelled image that can be read, got ${failures.length} that cannot${first}`,
  );
}

export type AccuracyReport = Omit<Evaluation, 'model' | 'failed'>;

/** @returns null without images */
export function accuracyReport(answers: readonly LabelledAnswer[], classes: readonly string[]): AccuracyReport | null {
  const [top1, top5, likelihood] = [accuracyOf(answers), accuracyOf(answers, 5), negativeLogLikelihood(answers)];
  const { expectedCalibrationError, bins } = calibrationOf(answers);
  const right = answers.filter((answer) => isRight(answer)).length;
  const top1Interval = wilsonInterval(right, answers.length);
  if (
    top1 === null ||
    top5 === null ||
    likelihood === null ||
    expectedCalibrationError === null ||
    top1Interval === null
  ) {
    return null;
  }
  return {
    images: answers.length,
    top1,
    top5,
    top1Interval,
    negativeLogLikelihood: likelihood,
    expectedCalibrationError,
    reliability: bins,
    perClass: accuracyByClass(answers).map((row) => Object.assign(row, { label: labelOf(classes, row.index) })),
    confusion: confusionOf(answers),
  };
}

/** What one model said of the images whose class is known. */
export function labelledAnswers({ outcomes }: Collection, model: number): LabelledAnswer[] {
  return outcomes.flatMap((outcome) => {
    if (outcome.status === 'error' || outcome.label === undefined) return [];
    const { top, probabilities, labelProbability = 0 } = outcome.answers[model]!;
    return [{ label: outcome.label, top, confidence: probabilities[0]!, labelProbability }];
  });
}

export function failuresOf({ outcomes }: Collection): Failure[] {
  return outcomes.flatMap((outcome) => (outcome.status === 'error' ? [{ path: outcome.path, ...outcome.error }] : []));
}
