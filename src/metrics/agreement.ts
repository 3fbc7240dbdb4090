/** How often two models were right on the same images. */
export interface Contingency {
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly neither: number;
}

/** @param first,second whether each model was right, image by image */
export function contingencyOf(first: readonly boolean[], second: readonly boolean[]): Contingency {
  const table = { both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 };
  for (const [i, isFirst] of first.entries()) {
    if (isFirst) table[second[i] ? 'both' : 'onlyFirst'] += 1;
    else table[second[i] ? 'onlySecond' : 'neither'] += 1;
  }
  return table;
}

/** Share of the images that both models give the same likeliest class; null without images. */
export function agreementOf(first: readonly number[], second: readonly number[]): number | null {
  if (first.length === 0) return null;
  return first.reduce((count, answer, i) => count + Number(answer === second[i]), 0) / first.length;
}

/**
 * Error consistency (Geirhos et al. 2020, eq. 1): Cohen's kappa of being right. 1: the models err on the same images;
 * 0: as often on the same ones as chance makes two models of their accuracies; null where chance leaves no room, because
 * both are always right or both always wrong.
 */
export function errorConsistency({ both, onlyFirst, onlySecond, neither }: Contingency): number | null {
  const images = both + onlyFirst + onlySecond + neither;
  const first = (both + onlyFirst) / images;
  const second = (both + onlySecond) / images;
  const expected = first * second + (1 - first) * (1 - second);
  if (images === 0 || expected === 1) return null;
  return ((both + neither) / images - expected) / (1 - expected);
}
