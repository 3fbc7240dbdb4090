import { pairsOf } from '../evaluate/answers.ts';
import type { Outcome } from '../evaluate/answers.ts';
import { agreementOf, contingencyOf, errorConsistency } from '../../metrics/agreement.ts';
import { bootstrapMean } from '../../metrics/intervals.ts';
import { holm, mcnemar } from '../../metrics/mcnemar.ts';
import { spreadOf } from '../../metrics/quantiles.ts';
import { seedOf } from '../../metrics/random.ts';
import { labelOf } from '../prediction.ts';
import type { Alignment, ComparedPair, DifferentImage, PairAccuracy } from '../../report/comparison.ts';

export type Answered = Extract<Outcome, { status: 'ok' }>;

interface PairOptions {
  readonly numModels: number;
  readonly classes: readonly string[];
  readonly seed: number;
  readonly alignments: readonly (Alignment | null)[];
}

/** A claim is wrong once in twenty where there is nothing to claim. */
const SIGNIFICANCE = 0.05;

/** Every two models beside each other. @param answered at least one image */
export function comparePairs(answered: readonly Answered[], options: PairOptions): ComparedPair[] {
  const { numModels, classes, seed, alignments } = options;
  const pairs = pairsOf(numModels).map(([first, second], p) => {
    const divergences = answered.map(({ divergences: all }) => all[p]!);
    const mean = divergences.reduce((sum, value) => sum + value, 0) / divergences.length;
    return {
      first,
      second,
      agreement: agreementOf(answered.map(topOf(first)), answered.map(topOf(second)))!,
      divergence: { mean, ...spreadOf(divergences)! },
      accuracy: pairAccuracy(answered, { first, second, seed: seedOf(seed, 'bootstrap', p) }),
      mostDifferent: mostDifferent(answered, { first, second, pair: p, classes, most: galleryOf(numModels) }),
      alignment: alignments[p] ?? null,
    };
  });
  const adjusted = holm(pairs.flatMap(({ accuracy }) => accuracy?.mcnemar.pValue ?? []));
  return pairs.map((pair, p) =>
    Object.assign(pair, { accuracy: pair.accuracy && judged(pair.accuracy, adjusted[p]!) }),
  );
}

function topOf(model: number): (outcome: Answered) => number {
  return ({ answers }) => answers[model]!.top[0]!;
}

type Unjudged = Omit<PairAccuracy, 'better' | 'adjustedPValue'>;

function pairAccuracy(
  answered: readonly Answered[],
  { first, second, seed }: { readonly first: number; readonly second: number; readonly seed: number },
): Unjudged | null {
  const labelled = answered.filter(({ label }) => label !== undefined);
  if (labelled.length === 0) return null;
  const [firstRight, secondRight] = [first, second].map((model) => {
    const top = topOf(model);
    return labelled.map((outcome) => top(outcome) === outcome.label);
  });
  const table = contingencyOf(firstRight!, secondRight!);
  const differences = firstRight!.map((right, i) => Number(right) - Number(secondRight![i]));
  return {
    ...table,
    errorConsistency: errorConsistency(table),
    mcnemar: mcnemar(table),
    difference: (table.onlyFirst - table.onlySecond) / labelled.length,
    // Resamples of nothing but zeros would promise that there is no difference, from however few images.
    interval: table.onlyFirst + table.onlySecond === 0 ? null : bootstrapMean(differences, { seed }),
  };
}

function judged(accuracy: Unjudged, adjustedPValue: number): PairAccuracy {
  const { interval, difference } = accuracy;
  const isShown = interval !== null && (interval.low > 0 || interval.high < 0) && adjustedPValue < SIGNIFICANCE;
  const winner = difference > 0 ? 'first' : 'second';
  return { ...accuracy, adjustedPValue, better: isShown ? winner : 'none' };
}

/** Pictures in a whole report, at most. */
const MOST_PICTURES = 120;
const MOST_OF_A_PAIR = 24;

function galleryOf(numModels: number): number {
  const numPairs = Math.max(1, pairsOf(numModels).length);
  return Math.max(4, Math.min(MOST_OF_A_PAIR, Math.floor(MOST_PICTURES / numPairs)));
}

interface GalleryOptions {
  readonly first: number;
  readonly second: number;
  readonly pair: number;
  readonly classes: readonly string[];
  readonly most: number;
}

/** Of the images that the models name differently, those with the most different answers; some of each kind of disagreement. */
function mostDifferent(answered: readonly Answered[], options: GalleryOptions): DifferentImage[] {
  const { first, second, pair, most } = options;
  const [firstTop, secondTop] = [topOf(first), topOf(second)];
  const groups = new Map<string, Answered[]>();
  for (const outcome of answered) {
    const answers = [firstTop(outcome), secondTop(outcome)];
    if (answers[0] === answers[1]) continue;
    const kind = answers.map((answer) => answer === outcome.label).join();
    groups.set(kind, [...(groups.get(kind) ?? []), outcome]);
  }
  const share = Math.ceil(most / Math.max(1, groups.size));
  const byDivergence = (a: Answered, b: Answered): number => b.divergences[pair]! - a.divergences[pair]!;
  return [...groups.values()]
    .flatMap((group) => group.toSorted(byDivergence).slice(0, share))
    .toSorted(byDivergence)
    .slice(0, most)
    .map((outcome) => shownImage(outcome, options));
}

function shownImage({ path, label, answers, divergences }: Answered, options: GalleryOptions): DifferentImage {
  const { first, second, pair, classes } = options;
  const nameOf = (index: number): string => labelOf(classes, index);
  const shown = (model: number) => {
    const { top, probabilities } = answers[model]!;
    const right = label === undefined ? null : top[0] === label;
    return { label: nameOf(top[0]!), probability: probabilities[0]!, right };
  };
  return {
    path,
    label: label === undefined ? null : nameOf(label),
    divergence: divergences[pair]!,
    first: shown(first),
    second: shown(second),
  };
}
