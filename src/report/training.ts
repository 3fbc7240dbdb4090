/** A training run as its report shows it. */
export interface TrainingRecord {
  /** The folder of the run. */
  readonly name: string;
  /** What was trained, on what and how, each a name and its value. */
  readonly facts: readonly (readonly [string, string])[];
  /** Whether a teacher has a part in the loss of training, which that of validation has not. */
  readonly isDistilled: boolean;
  /** Optimiser steps of the whole run. */
  readonly steps: number;
  /** Thinned out: each the mean of some steps, with the last of them. */
  readonly curve: readonly CurvePoint[];
  /** On the validation images. */
  readonly trials: readonly Trial[];
}

export interface CurvePoint {
  readonly step: number;
  readonly loss: number;
  /** Of the augmented images, 0…1. */
  readonly accuracy: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly imagesPerSecond: number;
}

export interface Trial {
  readonly step: number;
  readonly images: number;
  /** 0…1 */
  readonly top1: number;
  readonly loss: number;
}
