import type { Interval } from '../metrics/intervals.ts';

/** `78.6 %` */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** A difference of shares: `+7.1`, in points of percent. */
export function points(difference: number): string {
  const value = (difference * 100).toFixed(1);
  return difference > 0 ? `+${value}` : value.replace('-', '−');
}

export function pointsInterval({ low, high }: Interval): string {
  return `${points(low)} to ${points(high)}`;
}

/** A p-value: two digits of it, and how small where it is very small. */
export function pValue(p: number): string {
  return p < 0.0001 ? '< 0.0001' : p.toPrecision(2);
}

/** `1.25 G`, `5.72 M`, `22.9 k` */
export function short(count: number): string {
  const [factor, unit] = (
    [
      [1e9, ' G'],
      [1e6, ' M'],
      [1e3, ' k'],
    ] as const
  ).find(([least]) => count >= least) ?? [1, ''];
  return `${Number((count / factor).toPrecision(3))}${unit}`;
}

/** `22.9 MB` */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

export function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}
