import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';

import { CommandFailure, EXIT } from './exit.ts';
import { note } from './output/notes.ts';
import type { CommandContext, Io } from './patchlens.ts';

/** A stretch of a batch that is classified in one go. */
export type Source =
  | { readonly kind: 'paths'; readonly paths: Iterable<string> | AsyncIterable<string> }
  /** One image, its bytes on standard input. */
  | { readonly kind: 'stdin' };

export interface Batch {
  /** In the order of the command line. */
  readonly sources: readonly Source[];
  /** The paths among them that are known beforehand, for the layout. */
  readonly paths: readonly string[];
  /** Undefined while a list comes through a pipe. */
  readonly total: number | undefined;
}

export interface BatchFlags {
  readonly filesFrom?: string;
  readonly recursive: boolean;
  readonly quiet?: true;
}

/**
 * What the inputs of a command line come to: files, folders, globs, `-`, and then the names of `--files-from`.
 *
 * @throws CommandFailure for inputs that make no sense together (usage), and for a batch without any image.
 */
export async function batchOf(context: CommandContext, inputs: readonly string[], flags: BatchFlags): Promise<Batch> {
  checkInputs(context.io, inputs, flags);
  const { sources, paths } = await expand(context, inputs, flags);
  const list = flags.filesFrom === undefined ? undefined : await nameList(context.io, flags.filesFrom);
  if (list) sources.push({ kind: 'paths', paths: list.names });

  const known = paths.length + inputs.filter((input) => input === STDIN).length;
  const count = list ? list.count : 0;
  const total = count === undefined ? undefined : known + count;
  if (total === 0) throw noImage(inputs, flags);
  return { sources, paths, total };
}

/** What a user gets for a batch that turns out empty. */
export function noImage(inputs: readonly string[], { filesFrom }: BatchFlags): CommandFailure {
  const named = filesFrom === undefined ? inputs : [...inputs, `--files-from ${filesFrom}`];
  return new CommandFailure(EXIT.noInput, `no image matched: ${named.join(', ')}`);
}

const STDIN = '-';

function checkInputs(io: Io, inputs: readonly string[], { filesFrom }: BatchFlags): void {
  if (inputs.length === 0 && filesFrom === undefined) {
    throw usage('expected files, folders, globs, - or --files-from, got no input. See patchlens classify --help');
  }
  const readers = [...inputs, filesFrom].filter((input) => input === STDIN).length;
  if (readers > 1) throw usage('standard input can be read only once, but - is given several times');
  if (readers === 1 && io.stdin.isTTY) {
    throw usage(`- expects ${filesFrom === STDIN ? 'names' : 'an image'} on standard input, got a terminal`);
  }
}

function usage(message: string): CommandFailure {
  return new CommandFailure(EXIT.usage, message);
}

async function expand({ api, io }: CommandContext, inputs: readonly string[], { recursive, quiet }: BatchFlags) {
  const { findImages } = await api.classify();
  const sources: Source[] = [];
  const paths: string[] = [];
  let stretch: string[] | undefined;
  for (const input of inputs) {
    if (input === STDIN) {
      sources.push({ kind: 'stdin' });
      stretch = undefined;
      continue;
    }
    const found = await findImages([input], { recursive });
    if (found.length === 0 && inputs.length > 1 && !quiet) note(io, `${input}: no image matched`);
    if (stretch === undefined) sources.push({ kind: 'paths', paths: (stretch = []) });
    for (const path of found) {
      stretch.push(path);
      paths.push(path);
    }
  }
  return { sources, paths };
}

interface NameList {
  readonly names: AsyncIterable<string>;
  /** Undefined for a pipe, which cannot be read twice. */
  readonly count: number | undefined;
}

async function nameList(io: Io, path: string): Promise<NameList> {
  if (path === STDIN) return { names: linesOf(() => stdinOf(io)), count: undefined };
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new Error('it is a folder');
    const lines = () => linesOf(() => createReadStream(path));
    // A first reading counts the names, which the time left is told from, and meets a list that cannot be read.
    return { names: lines(), count: found.isFile() ? await countOf(lines()) : undefined };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(EXIT.usage, `--files-from ${path}: expected a list of file names (${reason})`, {
      cause: error,
    });
  }
}

/** Standard input as a stream that ends with an interruption. */
export function stdinOf({ stdin, signal }: Io): Readable {
  return addAbortSignal(signal, stdin);
}

/**
 * Lines of text, without empty ones. Only a line feed ends a line, with or without a carriage return before it: a file
 * name may hold every other kind of line break that `readline` knows.
 */
async function* linesOf(open: () => Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of open()) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (nameOf(line) !== '') yield nameOf(line);
  }
  if (nameOf(rest) !== '') yield nameOf(rest);
}

function nameOf(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

async function countOf(lines: AsyncIterable<string>): Promise<number> {
  let count = 0;
  for await (const _ of lines) count++;
  return count;
}
