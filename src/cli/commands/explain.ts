import { readFile } from 'node:fs/promises';

import { Command, InvalidArgumentError, Option } from 'commander';

import type { Explanation } from '../../index.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import { withDownloadBars } from '../load-model.ts';
import type { CommonFlags, RunFlags } from '../options.ts';
import { choice, loadOptions, runOptions } from '../options.ts';
import { printable, printableJson } from '../output/printable.ts';
import { fileSink, streamSink } from '../output/sink.ts';
import type { CommandContext, Loaded } from '../patchlens.ts';

interface ExplainFlags extends CommonFlags, RunFlags, ExampleFlags {
  readonly quiet?: true;
  readonly train?: true;
  readonly seed?: number;
  readonly model?: string;
  readonly layer?: number;
  readonly head?: number;
  readonly patch?: readonly [number, number];
  readonly format: 'text' | 'json';
  readonly output?: string;
}

/** Parts of an example given on the command line, parsed from JSON. */
interface ExampleFlags {
  readonly vectors?: unknown;
  readonly wq?: unknown;
  readonly wk?: unknown;
  readonly wv?: unknown;
  readonly tokens?: unknown;
  readonly heads?: unknown;
  readonly mask?: unknown;
}

export function explainCommand(context: CommandContext): Command {
  const command = new Command('explain')
    .summary('self-attention step by step, with the numbers')
    .description('Show self-attention step by step, every number on the way: of two vectors, of yours, or of a photo.')
    .argument('[input]', 'a JSON file with vectors and matrices, or an image (default: a built-in example)')
    .addHelpText('after', HELP);
  for (const option of [...exampleOptions(), ...imageOptions(), ...outputOptions()]) command.addOption(option);
  return command.action((input: string | undefined) =>
    explainInput(context, input, command.optsWithGlobals<ExplainFlags>()),
  );
}

function exampleOptions(): Option[] {
  return [
    new Option('--vectors <json>', 'rows of numbers, in place of those of the example'),
    new Option('--wq <json>', 'makes the queries, q = a*Wq; rows of numbers'),
    new Option('--wk <json>', 'makes the keys'),
    new Option('--wv <json>', 'makes the values'),
    new Option('--tokens <json>', 'names of the vectors'),
    new Option('--heads <json>', 'how many heads share the columns'),
    new Option('--mask <json>', '"causal", or rows of 1 and 0: who may attend to whom'),
  ]
    .map((option) => option.argParser(json))
    .concat(
      new Option('--train', 'learn the matrices of a small sentence task, and show before, during and after'),
      new Option('--seed <n>', 'of the training').argParser(index),
    )
    .map((option) => option.helpGroup('Example:'));
}

function imageOptions(): Option[] {
  return [
    new Option('--model <model>', 'as for classify (default: the embedded one)'),
    new Option('--layer <n>', 'encoder block, from 0 (default: the last)').argParser(index),
    new Option('--head <n>', 'head, from 0 (default: 0)').argParser(index),
    new Option('--patch <row,column>', 'the patch that asks, from 0,0 (default: the one in the middle)').argParser(
      rowAndColumn,
    ),
    ...runOptions(),
  ].map((option) => option.helpGroup('Image:'));
}

function outputOptions(): Option[] {
  return [
    choice('--format <name>', 'form of the explanation', ['text', 'json'], 'text'),
    new Option('--output <file>', 'write it to a file; .html makes a page with the matrices drawn'),
  ].map((option) => option.helpGroup('Output:'));
}

async function explainInput(context: CommandContext, input: string | undefined, flags: ExplainFlags): Promise<void> {
  const { api, io } = context;
  const sink = flags.output === undefined ? streamSink(io.stdout) : await fileSink(flags.output);
  try {
    const patchlens = await api.explain();
    const explanation = await explanationOf(context, patchlens, input, flags);
    await sink.write(rendered(patchlens, explanation, flags));
  } catch (error) {
    await sink.discard();
    throw error;
  }
  await sink.commit();
}

async function explanationOf(
  { io }: CommandContext,
  patchlens: Loaded<'explain'>,
  input: string | undefined,
  flags: ExplainFlags,
): Promise<Explanation> {
  const { backend, train, seed, model, layer, head, patch } = flags;
  if (train) return patchlens.explainTraining({ backend, seed, signal: io.signal });
  if (input === undefined || input.toLowerCase().endsWith('.json')) {
    const given = input === undefined ? patchlens.BUILT_IN_EXAMPLE : await readExample(input);
    return patchlens.explain(patchlens.parseExample(withFlags(given, flags)), { backend });
  }
  return withDownloadBars(io, flags, (progress) =>
    patchlens.explainImage(input, { ...loadOptions(flags), ...progress, model, layer, head, patch }),
  );
}

async function readExample(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'it is no JSON' : 'it cannot be read';
    throw new CommandFailure(EXIT.usage, `${path}: expected a JSON file, but ${reason}`, { cause });
  }
}

/** The parts given as flags in place of the example's own; names that no longer fit other vectors are dropped. */
function withFlags(given: unknown, { vectors, wq, wk, wv, tokens, heads, mask }: ExampleFlags): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const changes = Object.entries({ vectors, wq, wk, wv, tokens, heads, mask }).filter(([, part]) => part !== undefined);
  const kept = vectors === undefined ? given : { ...given, tokens: undefined };
  return { ...kept, ...Object.fromEntries(changes) };
}

function rendered(patchlens: Loaded<'explain'>, explanation: Explanation, { format, output }: ExplainFlags): string {
  if (output?.toLowerCase().endsWith('.html')) return patchlens.explanationPage(explanation);
  if (format === 'json') return `${printableJson(explanation)}\n`;
  return patchlens.explanationText(explanation).split('\n').map(printable).join('\n');
}

function json(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    // The one word that a mask may be needs no quotes.
    if (value === 'causal') return value;
    throw new InvalidArgumentError('Expected JSON, as [[1,0],[0,1]].');
  }
}

function index(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Expected a whole number of 0 or more.');
}

function rowAndColumn(value: string): readonly [number, number] {
  const [, row, column] = /^(\d{1,6}),(\d{1,6})$/.exec(value) ?? [];
  if (row === undefined || column === undefined) throw new InvalidArgumentError('Expected row,column, as 3,4.');
  return [Number(row), Number(column)];
}

const HELP = `
Vectors are rows: the query of a is a*Wq. A file looks as
  {"tokens": ["a1", "a2"], "vectors": [[1,1],[1,0]], "wq": [[1,1],[0,1]],
   "wk": [[0,1],[1,-1]], "wv": [[1,0],[0,1]], "heads": 1, "mask": "causal"}
where tokens, heads and mask may be left out.

Examples:
  patchlens explain
  patchlens explain --wk '[[1,0],[0,1]]' --mask causal
  patchlens explain sentence.json --output sentence.html
  patchlens explain --train --output training.html
  patchlens explain cat.jpg --model ./vit-base --layer 5 --head 2 --patch 7,8

Exit codes: 0 done, 1 the image failed, 2 usage, 4 problem with the model.`;
