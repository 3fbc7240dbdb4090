/** How far a batch is, for somebody who looks on. */
export interface Progress {
  advance(): void;
  /** Wipes the bar from a terminal that shows the results too, until `advance` draws it again below them. */
  makeRoom(): void;
  stop(): void;
}

/** For where nobody looks on: a pipe, a file, `--quiet`. */
export const silent: Progress = { advance() {}, makeRoom() {}, stop() {} };
