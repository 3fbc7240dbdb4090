export interface Prediction {
  readonly index: number;
  readonly label: string;
  /** 0…1; those of all classes sum to one. */
  readonly probability: number;
}
