import { open, readFile, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import * as z from 'zod';

import { ArgumentError } from '../../errors.ts';
import type { Outcome, Question } from './answers.ts';

/** What must be the same for answers of an earlier run to stand for those of this one. */
export type Run = Readonly<Record<string, unknown>>;

/** A file that answers are noted in as they come, and the answers that an earlier run has left there. */
export interface ResumeFile {
  /** The answer that is there already, if the image has not changed since. */
  answered(question: Question): Promise<Outcome | undefined>;
  note(question: Question, outcome: Outcome): Promise<void>;
  close(): Promise<void>;
}

const VERSION = 1;
const Probability = z.number().min(0).max(1);
const Answer = z.object({
  top: z.array(z.int().nonnegative()).min(1).max(5),
  probabilities: z.array(Probability).min(1).max(5),
  labelProbability: Probability.optional(),
});
const Line = z.object({
  path: z.string(),
  bytes: z.int().nonnegative(),
  modified: z.number(),
  label: z.int().nonnegative().optional(),
  answers: z.array(Answer),
  divergences: z.array(z.number()),
});
type Line = z.infer<typeof Line>;
const Head = z.object({ patchlens: z.literal('partial results'), version: z.literal(VERSION), run: z.json() });

/**
 * Opens a file of partial results, one JSON object a line, or begins one. A line that a kill has cut short is dropped.
 * Files that could not be used are not noted, so that another run tries them again.
 *
 * @throws ArgumentError when the file is something else, or of a run with other models or options.
 */
export async function openResumeFile(path: string, run: Run): Promise<ResumeFile> {
  const head = JSON.stringify({ patchlens: 'partial results', version: VERSION, run });
  const known = await readLines(path, head);
  const handle = await openAt(path, known?.bytes ?? 0);
  if (known === undefined) await handle.appendFile(`${head}\n`);
  const lines = new Map((known?.lines ?? []).map((line) => [line.path, line]));
  return {
    async answered({ path: image, label }) {
      const line = lines.get(image);
      if (line === undefined || line.label !== label) return undefined;
      const found = await statOf(image);
      if (found?.bytes !== line.bytes || found.modified !== line.modified) return undefined;
      const { answers, divergences } = line;
      return { status: 'ok', path: image, ...(label !== undefined && { label }), answers, divergences };
    },
    async note({ path: image, label }, outcome) {
      if (outcome.status === 'error') return;
      const found = await statOf(image);
      if (found === undefined) return;
      const { answers, divergences } = outcome;
      const line = { path: image, ...found, ...(label !== undefined && { label }), answers, divergences };
      await handle.appendFile(`${JSON.stringify(line)}\n`);
    },
    close: () => handle.close(),
  };
}

async function statOf(path: string): Promise<{ readonly bytes: number; readonly modified: number } | undefined> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { bytes: size, modified: mtimeMs };
  } catch {
    return undefined;
  }
}

interface Known {
  readonly lines: readonly Line[];
  /** How much of the file is whole lines. */
  readonly bytes: number;
}

async function readLines(path: string, head: string): Promise<Known | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw unusable(path, error instanceof Error ? error.message : String(error), error);
  });
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  // A file that was cut short within its first line holds nothing yet; anything else without a line is none of ours.
  if (whole === '' && head.startsWith(text)) return undefined;
  const [first = '', ...rest] = whole.split('\n').slice(0, -1);
  const found = parsed(path, Head, first, 1);
  if (JSON.stringify(found.run) !== JSON.stringify(JSON.parse(head).run)) {
    throw unusable(path, 'it is of a run with other models or options');
  }
  return { lines: rest.map((line, i) => parsed(path, Line, line, i + 2)), bytes: Buffer.byteLength(whole) };
}

function parsed<T>(path: string, schema: z.ZodType<T>, line: string, number: number): T {
  try {
    return schema.parse(JSON.parse(line));
  } catch (cause) {
    throw unusable(path, `line ${number} is none`, cause);
  }
}

async function openAt(path: string, bytes: number): Promise<FileHandle> {
  try {
    const handle = await open(path, 'a');
    await handle.truncate(bytes);
    return handle;
  } catch (error) {
    throw unusable(path, error instanceof Error ? error.message : String(error), error);
  }
}

function unusable(path: string, reason: string, cause?: unknown): ArgumentError {
  return new ArgumentError(
    `--resume ${path}: expected partial results of the same run, or no file (${reason}). Name another file to begin anew.`,
    { cause },
  );
}
