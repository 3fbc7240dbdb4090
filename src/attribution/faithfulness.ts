import { quantile } from '../metrics/quantiles.ts';
import type { CurveKind } from './perturbation.ts';

/** The areas that random orders have under their curves. */
export interface RandomAreas {
  readonly mean: number;
  /** What 95 in 100 random orders lie between. */
  readonly low: number;
  readonly high: number;
  /** One for each order. */
  readonly areas: readonly number[];
}

export function randomAreas(areas: readonly number[]): RandomAreas {
  const ascending = areas.toSorted((a, b) => a - b);
  return {
    mean: areas.reduce((sum, area) => sum + area, 0) / areas.length,
    low: quantile(ascending, 0.025),
    high: quantile(ascending, 0.975),
    areas,
  };
}

export interface Verdict {
  /**
   * The chance that a random order does as well, by the orders that were tried, of which this one counts as one more: never
   * below 1 / (orders + 1).
   */
  readonly p: number;
  /** Better than the best 2.5 in 100 random orders: a lesser area of deletion, a greater one of insertion. */
  readonly beatsRandom: boolean;
}

export function verdictOn(kind: CurveKind, area: number, random: RandomAreas): Verdict {
  const isAsGood = (other: number): boolean => (kind === 'deletion' ? other <= area : other >= area);
  const p = (1 + random.areas.filter(isAsGood).length) / (random.areas.length + 1);
  return { p, beatsRandom: kind === 'deletion' ? area < random.low : area > random.high };
}
