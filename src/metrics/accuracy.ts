import { isRight } from './answer.ts';
import type { LabelledAnswer } from './answer.ts';

/** One class of a labelled set and how a model did on it. */
export interface ClassAccuracy {
  readonly index: number;
  /** Images of this class. */
  readonly images: number;
  /** Share of them that got this class (its recall). */
  readonly top1: number;
  readonly top5: number;
  /** Share of the images that got this class which are of it; null when none did. */
  readonly precision: number | null;
}

/** Images of class `label` that got the class `predicted`. */
export interface ConfusionCell {
  readonly label: number;
  readonly predicted: number;
  readonly images: number;
}

/** Share of the images whose true class is among the `k` likeliest; null without images. */
export function accuracyOf(answers: readonly LabelledAnswer[], k = 1): number | null {
  return answers.length === 0 ? null : countRight(answers, k) / answers.length;
}

function countRight(answers: readonly LabelledAnswer[], k: number): number {
  return answers.reduce((count, answer) => count + Number(isRight(answer, k)), 0);
}

/** Accuracy of each class that the set has images of, by index. */
export function accuracyByClass(answers: readonly LabelledAnswer[]): ClassAccuracy[] {
  const ofClass = new Map<number, LabelledAnswer[]>();
  const predicted = new Map<number, number>();
  for (const answer of answers) {
    const { label, top } = answer;
    const group = ofClass.get(label);
    if (group === undefined) ofClass.set(label, [answer]);
    else group.push(answer);
    const [first = -1] = top;
    predicted.set(first, (predicted.get(first) ?? 0) + 1);
  }
  return [...ofClass]
    .toSorted(([a], [b]) => a - b)
    .map(([index, group]) => {
      const right = countRight(group, 1);
      const claims = predicted.get(index) ?? 0;
      return {
        index,
        images: group.length,
        top1: right / group.length,
        top5: countRight(group, 5) / group.length,
        precision: claims === 0 ? null : right / claims,
      };
    });
}

/** The cells of the confusion matrix that are not zero, row by row: a thousand classes make a million cells, most of them empty. */
export function confusionOf(answers: readonly LabelledAnswer[]): ConfusionCell[] {
  const rows = new Map<number, Map<number, number>>();
  for (const { label, top } of answers) {
    const [predicted] = top;
    if (predicted === undefined) continue;
    const row = rows.get(label) ?? new Map<number, number>();
    rows.set(label, row.set(predicted, (row.get(predicted) ?? 0) + 1));
  }
  return [...rows]
    .flatMap(([label, row]) => [...row].map(([predicted, images]) => ({ label, predicted, images })))
    .toSorted((a, b) => a.label - b.label || a.predicted - b.predicted);
}
