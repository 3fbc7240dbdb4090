/** What a model said of one image. */
interface Answer {
  /** Classes, the likeliest first; at least five where there are as many. */
  readonly top: readonly number[];
  /** Probability of the likeliest, 0…1. */
  readonly confidence: number;
}

/** What a model said of an image whose class is known. */
export interface LabelledAnswer extends Answer {
  readonly label: number;
  /** What the model gave the true class, 0…1. */
  readonly labelProbability: number;
}

/** Whether the true class is among the `k` likeliest. */
export function isRight({ label, top }: LabelledAnswer, k = 1): boolean {
  const place = top.indexOf(label);
  return place >= 0 && place < k;
}
