export interface Tolerance {
  readonly atol: number;
  readonly rtol?: number;
}

/** Compares two lists of numbers and says where they differ most. */
export function closeness(
  received: ArrayLike<number>,
  expected: ArrayLike<number>,
  { atol, rtol = 0 }: Tolerance,
): { pass: boolean; message: string } {
  if (received.length !== expected.length) {
    return { pass: false, message: `expected ${expected.length} values, got ${received.length}` };
  }
  let worst = 0;
  let worstIndex = 0;
  let numWrong = 0;
  for (let i = 0; i < expected.length; i += 1) {
    const excess = excessOf(received[i]!, expected[i]!, atol + rtol * Math.abs(expected[i]!));
    if (excess > 0) numWrong += 1;
    if (excess > worst) [worst, worstIndex] = [excess, i];
  }
  if (numWrong === 0) return { pass: true, message: `expected values further apart than atol ${atol}, rtol ${rtol}` };
  const [got, wanted] = [received[worstIndex], expected[worstIndex]];
  return {
    pass: false,
    message:
      `${numWrong} of ${expected.length} values differ by more than atol ${atol}, rtol ${rtol}; ` +
      `worst at ${worstIndex}: expected ${wanted}, got ${got}`,
  };
}

/** How far a value is off when that is more than allowed; infinite where one is NaN or infinite and the other is not. */
function excessOf(received: number, expected: number, allowed: number): number {
  if (Object.is(received, expected) || received === expected) return 0;
  const difference = Math.abs(received - expected);
  if (!Number.isFinite(difference)) return Infinity;
  return difference <= allowed ? 0 : difference;
}
