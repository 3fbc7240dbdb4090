/** The mean and the sample standard deviation, which a single value has none of. */
export function meanAndDeviation(values: readonly number[]): {
  readonly mean: number;
  readonly deviation: number | undefined;
} {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, deviation: undefined };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}
