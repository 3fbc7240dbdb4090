import { Command, InvalidArgumentError, Option } from 'commander';

import type { CompareOptions, Comparison } from '../../index.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import { withDownloadBars } from '../load-model.ts';
import type { CommonFlags, RunFlags } from '../options.ts';
import { choice, loadOptions } from '../options.ts';
import { coloursFor } from '../output/colours.ts';
import { comparisonTable } from '../output/comparison.ts';
import { note } from '../output/notes.ts';
import { printableJson } from '../output/printable.ts';
import { imageProgress } from '../output/progress-bar.ts';
import { fileSink, streamSink } from '../output/sink.ts';
import type { Sink } from '../output/sink.ts';
import type { CommandContext, Loaded } from '../patchlens.ts';
import type { DataFlags } from './evaluate.ts';
import { dataOptions, modelGroup } from './evaluate.ts';

const FORMATS = ['table', 'json'] as const;

interface CompareFlags extends CommonFlags, RunFlags, DataFlags {
  readonly quiet?: true;
  readonly models?: readonly string[];
  readonly robustness?: true | readonly string[];
  readonly sample: number;
  readonly rounds: number;
  readonly memory: boolean;
  readonly seed: number;
  readonly format: (typeof FORMATS)[number];
  readonly output?: readonly string[];
}

export function compareCommand(context: CommandContext): Command {
  const command = new Command('compare')
    .summary('put models beside each other on the same images')
    .description(
      'Put models beside each other on the same images: how often each is right, at what price, and where they differ.',
    )
    .argument('<data>', 'images; their classes as for evaluate, or none')
    .addHelpText('after', HELP);
  const models = new Option('--models <models...>', 'any number, as for classify; by default the embedded ViT and CNN');
  const options = [...dataOptions(['none']), ...modelGroup(models), ...measureOptions(), ...outputOptions()];
  for (const option of options) command.addOption(option);
  return command.action((data: string) => compare(context, data, command.optsWithGlobals<CompareFlags>()));
}

function measureOptions(): Option[] {
  return [
    new Option(
      '--robustness [kinds...]',
      'also on images made harder: patch-drop, patch-shuffle, occlusion, noise, blur, jpeg, resolution (default: all of them)',
    ),
    new Option('--sample <n>', 'images for robustness and the alignment of layers, 0 for neither')
      .argParser(count)
      .default(64),
    new Option('--rounds <n>', 'how often each model is timed, 0 for not').argParser(count).default(20),
    new Option('--no-memory', 'do not measure memory, in a process for each model'),
    new Option('--seed <n>', 'of what is drawn at random').argParser(count).default(0),
  ].map((option) => option.helpGroup('Measurements:'));
}

function outputOptions(): Option[] {
  return [
    choice('--format <name>', 'form on standard output', FORMATS, 'table'),
    new Option(
      '--output <files...>',
      'write report.html, a page with charts and pictures, or report.json; both may be given',
    ),
  ].map((option) => option.helpGroup('Output:'));
}

async function compare(context: CommandContext, data: string, flags: CompareFlags): Promise<void> {
  const { io } = context;
  const files = await openFiles(flags.output ?? []);
  let comparison: Comparison;
  try {
    const models = await modelsOf(context, flags);
    const patchlens = await context.api.compare();
    comparison = await measured(context, patchlens, data, { ...flags, models });
    for (const { render, sink } of files) await sink.write(await render(patchlens, comparison, flags));
    const { format, color } = flags;
    const text =
      format === 'json'
        ? `${printableJson(comparison)}\n`
        : comparisonTable(patchlens.summariseComparison(comparison), coloursFor(io.stdout, io.env, color));
    await streamSink(io.stdout).write(text);
  } catch (error) {
    for (const { sink } of files) await sink.discard();
    throw error;
  }
  for (const { sink } of files) await sink.commit();
  const { failures } = comparison.data;
  if (!flags.quiet) for (const { message } of failures) note(io, message);
  if (failures.length > 0) throw new CommandFailure(EXIT.failed, `${failures.length} images could not be used`);
}

/** Those that were asked for, else the embedded ones, which are then named. */
async function modelsOf({ api, io }: CommandContext, { models, quiet }: CompareFlags): Promise<readonly string[]> {
  if (models !== undefined) return models;
  const embedded = (await api.classify()).listModels();
  if (!quiet) for (const { name, description } of embedded) note(io, `${name} is ${description}`);
  return embedded.map(({ name }) => name);
}

async function measured(
  { io }: CommandContext,
  patchlens: Loaded<'compare'>,
  data: string,
  flags: CompareFlags & { readonly models: readonly string[] },
): Promise<Comparison> {
  const { labels, batchSize, resume, autoOrient, sample, rounds, memory, seed } = flags;
  const progress = imageProgress(io, flags);
  try {
    return await withDownloadBars(io, flags, (downloads) =>
      patchlens.compare(data, flags.models, {
        ...loadOptions(flags),
        ...downloads,
        labels,
        batchSize,
        resume,
        autoOrient,
        sample,
        rounds,
        memory,
        seed,
        robustness: robustnessOf(patchlens, flags),
        onImage: (event) => progress.onImage(event),
      }),
    );
  } finally {
    progress.stop();
  }
}

function robustnessOf(
  { PERTURBATION_KINDS }: Loaded<'compare'>,
  { robustness }: CompareFlags,
): CompareOptions['robustness'] {
  if (robustness === undefined) return [];
  if (robustness === true) return PERTURBATION_KINDS;
  const kinds = robustness.flatMap((kind) => kind.split(','));
  const unknown = kinds.find((kind) => !PERTURBATION_KINDS.some((known) => known === kind));
  if (unknown !== undefined) {
    throw new CommandFailure(
      EXIT.usage,
      `--robustness: expected some of ${PERTURBATION_KINDS.join(', ')}, got ${unknown}`,
    );
  }
  return PERTURBATION_KINDS.filter((kind) => kinds.includes(kind));
}

interface File {
  readonly sink: Sink;
  readonly render: (
    patchlens: Loaded<'compare'>,
    comparison: Comparison,
    flags: CompareFlags,
  ) => string | Promise<string>;
}

/** Opened before anything is measured: a place that cannot be written to should not cost an hour's wait. */
async function openFiles(paths: readonly string[]): Promise<File[]> {
  const files: File[] = [];
  for (const path of paths) {
    const extension = /\.(html|json)$/i.exec(path)?.[1]?.toLowerCase();
    if (extension === undefined) {
      throw new CommandFailure(EXIT.usage, `--output ${path}: expected a name that ends in .html or .json`);
    }
    files.push({
      sink: await fileSink(path),
      render: (patchlens, comparison, { autoOrient }) =>
        extension === 'json'
          ? `${printableJson(comparison)}\n`
          : patchlens.renderComparison(comparison, { autoOrient }),
    });
  }
  return files;
}

function count(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Expected a whole number of 0 or more.');
}

const HELP = `
A model is called better only where the interval of the difference excludes zero
and McNemar's test, corrected for the number of pairs, says so too. Without
labels there is no accuracy, and everything else.

Examples:
  patchlens compare photos --models ./vit-tiny ./mobilenet
  patchlens compare imagenet-val --models ./vit ./resnet --output report.html report.json
  patchlens compare set --models ./vit ./resnet --robustness patch-drop jpeg --sample 200
  patchlens compare big-set --models ./vit ./resnet --resume answers.jsonl

Exit codes:
  0    done
  1    an image failed, or the output could not be written
  2    usage; labels that are no classes, models of different classes
  3    no image matched
  4    problem with a model or the backend
  130  interrupted; with --resume the answers are taken up where they stopped`;
