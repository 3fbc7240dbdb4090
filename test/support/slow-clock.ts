import { onTestFinished, vi } from 'vitest';

/** Until the end of the test every look at the clock finds it ten milliseconds on, so that a pass leaves a turn after each layer. */
export function slowClock(): void {
  let now = performance.now();
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 10));
  onTestFinished(() => clock.mockRestore());
}
