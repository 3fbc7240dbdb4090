import { constants } from 'node:os';

/** The exit codes, a contract with scripts. An interruption adds 128 + the number of its signal (130 for Ctrl-C). */
export const EXIT = { done: 0, failed: 1, usage: 2, noInput: 3, model: 4 } as const;

/** An end that the user can act on: one line on stderr, no stack. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The user asked to stop; the reason of the aborted signal. */
export class Interruption extends CommandFailure {
  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(128 + constants.signals[signal], 'interrupted');
  }
}

/** Whoever read our output has gone (`| head`): nothing is left to do and nothing is wrong. */
export class ReaderGone extends CommandFailure {
  constructor(cause: unknown) {
    super(EXIT.done, 'the reader of the output has gone', { cause });
  }
}
