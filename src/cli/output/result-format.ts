import type { Classification } from '../../index.ts';

/** A form of the results as text: the head, each result as it comes, the tail. Nothing is held back. */
export interface ResultFormat {
  readonly head: string;
  /** @param position of the result in the batch, from 0. */
  result(result: Classification, position: number): string;
  readonly tail: string;
}
