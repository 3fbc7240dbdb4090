import { CommanderError } from 'commander';

import type { ErrorCode } from '../index.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { note } from './output/notes.ts';
import { printable } from './output/printable.ts';
import type { CommandContext } from './patchlens.ts';
import { createProgram } from './program.ts';

/** Runs one command line, without the names of node and script, and returns its exit code. Never rejects. */
export async function run(argv: readonly string[], context: CommandContext): Promise<number> {
  // A failed write is met where it is awaited; unheard, the event would end the process.
  for (const stream of [context.io.stdout, context.io.stderr]) stream.on('error', () => {});
  try {
    const program = await createProgram(context, argv);
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    return report(error, context);
  }
}

/** An expected failure is one line, a bug shows its stack. */
async function report(error: unknown, { api, io }: CommandContext): Promise<number> {
  // Commander has printed its message already; help and version end here too, with code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  // What an abort breaks fails in many ways, and all of them for this reason.
  const cause: unknown = io.signal.aborted ? io.signal.reason : error;
  if (cause instanceof CommandFailure) {
    if (cause.exitCode !== EXIT.done) note(io, cause.message);
    return cause.exitCode;
  }
  const expected = await expectedFailure(cause, api);
  if (expected !== undefined) {
    note(io, expected.message);
    return expected.exitCode;
  }
  const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  note(io, 'unexpected error, which is a bug in patchlens:');
  io.stderr.write(`${stack.split('\n').map(printable).join('\n')}\n`);
  return EXIT.failed;
}

/** Undefined for a bug. Where the library itself does not load, there are no errors of its own to tell from bugs. */
async function expectedFailure(cause: unknown, { errors }: CommandContext['api']) {
  try {
    const { PatchlensError } = await errors();
    if (!(cause instanceof PatchlensError)) return undefined;
    const exitCode = EXIT_OF[cause.code];
    return exitCode === 'bug' ? undefined : { message: cause.message, exitCode };
  } catch {
    return undefined;
  }
}

// Every code has its place here, so that a new one cannot be forgotten.
const EXIT_OF = {
  ARGUMENT_INVALID: EXIT.usage,
  IMAGE_NOT_FOUND: EXIT.failed,
  IMAGE_UNREADABLE: EXIT.failed,
  IMAGE_UNSUPPORTED: EXIT.failed,
  IMAGE_TOO_LARGE: EXIT.failed,
  NO_IMAGES: EXIT.noInput,
  MODEL_NOT_FOUND: EXIT.model,
  WEIGHTS_INVALID: EXIT.model,
  CONFIG_INVALID: EXIT.model,
  HUB_OFFLINE: EXIT.model,
  HUB_UNREACHABLE: EXIT.model,
  HUB_NOT_FOUND: EXIT.model,
  HUB_FORBIDDEN: EXIT.model,
  HUB_ANSWER_INVALID: EXIT.model,
  HUB_DOWNLOAD_CORRUPT: EXIT.model,
  HUB_CACHE_UNUSABLE: EXIT.model,
  BACKEND_UNAVAILABLE: EXIT.model,
  BACKEND_CONFLICT: EXIT.model,
  TRAINING_FAILED: EXIT.failed,
  MODEL_DISPOSED: 'bug',
  SHAPE_MISMATCH: 'bug',
} as const satisfies Record<ErrorCode, number | 'bug'>;
