import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Work on tensors of which a backend remembers what it asked the kernels, so that it can be done again on another input of the
 * same shape without all that lies between one kernel and the next: shapes checked, tensors made, memory found.
 */
export interface Recording {
  /** A tensor with the values of the one that the recording began with, for the work to take. */
  readonly input: Tensor;
  /** Does a part of the work. What happens between two parts is not remembered. */
  take<T>(part: () => T): T;
  /**
   * Ends the recording. Undefined where the kernels are not all that the work depends on, because it read values or had something
   * computed in JavaScript, and where it took more memory than is worth keeping.
   *
   * @param output what the work came to. The replay writes where its values lie: copy them before it does.
   */
  finish(output: Tensor): Replay | undefined;
}

/** Recorded work, on memory of its own: for one pass at a time. */
export interface Replay {
  /** Whether the backend still computes as it did then. */
  isCurrent(): boolean;
  /** Takes the values of another input of the same shape. */
  begin(input: Tensor): void;
  /** To be done in this order. */
  readonly parts: readonly (() => void)[];
  /** A new tensor with what the work came to. */
  output(): Tensor;
}

export type StartRecording = (input: Tensor) => Recording;
