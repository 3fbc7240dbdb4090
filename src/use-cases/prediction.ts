export interface Prediction {
  readonly index: number;
  readonly label: string;
  /** 0…1; those of all classes sum to one. */
  readonly probability: number;
}

/** What a class is called; `class 3` where the model has no name for it. */
export function labelOf(classes: readonly string[], index: number): string {
  return classes[index] ?? `class ${index}`;
}

/** One class out of the probabilities of all. */
export function predictionOf(classes: readonly string[], probabilities: ArrayLike<number>, index: number): Prediction {
  return { index, label: labelOf(classes, index), probability: probabilities[index] ?? 0 };
}
