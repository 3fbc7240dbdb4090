import type { ComparedPair } from './comparison.ts';
import { percent, points, pointsInterval, pValue } from './numbers.ts';

/** What a pair comes to, in sentences. */
export function verdictOf(
  { accuracy, agreement, divergence, first, second }: ComparedPair,
  names: readonly string[],
): string {
  const [a, b] = [names[first]!, names[second]!];
  const agreed = `They agree on ${percent(agreement)} of the images, with a mean divergence of ${divergence.mean.toFixed(3)} bits.`;
  if (accuracy === null) return `${a} and ${b}: no labels, so neither is better or worse. ${agreed}`;
  const { better, difference, interval, adjustedPValue, mcnemar } = accuracy;
  const test = `McNemar's ${mcnemar.method} test, p = ${pValue(adjustedPValue)}`;
  if (interval === null) {
    return `${a} and ${b} were right and wrong on the same images: no difference is shown (${test}). ${agreed}`;
  }
  const evidence = `difference in top-1 ${points(difference)} points, 95 % interval ${pointsInterval(interval)}; ${test}`;
  if (better === 'none') return `No difference is shown between ${a} and ${b}: ${evidence}. ${agreed}`;
  const [winner, loser] = better === 'first' ? [a, b] : [b, a];
  return `${winner} is better than ${loser}: ${evidence}. ${agreed}`;
}
