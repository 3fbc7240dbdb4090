export interface Schedule {
  /** Optimiser steps of the whole run. */
  readonly steps: number;
  /** Steps of linear rise from zero to the full rate. */
  readonly warmupSteps: number;
  /** What is left at the end, as a share of the full rate. */
  readonly finalShare: number;
}

/** The share of the full learning rate at a step, from 0: linear warm-up, then half a cosine (Loshchilov & Hutter 2017). */
export function rateShare(step: number, { steps, warmupSteps, finalShare }: Schedule): number {
  if (step < warmupSteps) return (step + 1) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  return finalShare + (1 - finalShare) * 0.5 * (1 + Math.cos(Math.PI * progress));
}
