import type { Contingency } from './agreement.ts';
import { chiSquareTail } from './chi-square.ts';

export interface McNemar {
  /** What the p-value comes from: the binomial distribution itself, or its approximation with continuity correction. */
  readonly method: 'exact' | 'chi-square';
  /** (|b − c| − 1)² / (b + c); null for the exact test. */
  readonly statistic: number | null;
  /** Chance of a difference at least as large if both models were equally good; two-sided. */
  readonly pValue: number;
}

/** From as many disagreements on the approximation is good. */
const ENOUGH = 25;

/** McNemar's test of whether two models differ in accuracy, on the images that exactly one of them got right. */
export function mcnemar({ onlyFirst, onlySecond }: Pick<Contingency, 'onlyFirst' | 'onlySecond'>): McNemar {
  const disagreements = onlyFirst + onlySecond;
  if (disagreements < ENOUGH) {
    const tail = binomialTail(Math.min(onlyFirst, onlySecond), disagreements);
    return { method: 'exact', statistic: null, pValue: Math.min(1, 2 * tail) };
  }
  // The correction may close the gap, never turn it round.
  const gap = Math.max(0, Math.abs(onlyFirst - onlySecond) - 1);
  const statistic = (gap * gap) / disagreements;
  return { method: 'chi-square', statistic, pValue: chiSquareTail(statistic) };
}

/** P(X ≤ k) of `n` throws of a fair coin; exact, as every term is a whole number below 2⁵³. */
function binomialTail(k: number, n: number): number {
  let term = 1;
  let sum = 1;
  for (let i = 1; i <= k; i += 1) {
    term = (term * (n - i + 1)) / i;
    sum += term;
  }
  return sum / 2 ** n;
}

/**
 * Holm's correction: p-values of several tests, each raised so far that the chance of any false claim among them stays
 * what it was for one. In their order.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = [...pValues.keys()].toSorted((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = Array.from<number>({ length: pValues.length });
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, pValues[i]! * (pValues.length - rank)));
    adjusted[i] = largest;
  }
  return adjusted;
}
