import { Command, Option } from 'commander';

import type { EvaluationRun } from '../../index.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import { withDownloadBars } from '../load-model.ts';
import type { CommonFlags, PreprocessingFlags, RunFlags } from '../options.ts';
import { choice, loadOptions, positiveInteger, preprocessingOf, preprocessingOptions, runOptions } from '../options.ts';
import { coloursFor } from '../output/colours.ts';
import { evaluationCsv, evaluationTable } from '../output/evaluation.ts';
import { note } from '../output/notes.ts';
import { printableJson } from '../output/printable.ts';
import { imageProgress } from '../output/progress-bar.ts';
import { fileSink, streamSink } from '../output/sink.ts';
import type { CommandContext, Io } from '../patchlens.ts';

const FORMATS = ['table', 'json', 'csv'] as const;

interface EvaluateFlags extends CommonFlags, RunFlags, PreprocessingFlags, DataFlags {
  readonly quiet?: true;
  readonly model?: readonly string[];
  readonly format: (typeof FORMATS)[number];
  readonly output?: string;
}

/** Of every command that runs models over a data set. */
export interface DataFlags {
  readonly labels: 'auto' | 'name' | 'synset' | 'index' | 'order' | 'none';
  readonly batchSize?: number;
  readonly resume?: string;
  readonly autoOrient: boolean;
}

export function evaluateCommand(context: CommandContext): Command {
  const command = new Command('evaluate')
    .summary('measure accuracy on labelled images')
    .description(
      'Measure how often models are right: on a folder with a folder for each class, or a CSV file of path,label.',
    )
    .argument('<data>', '<data>/<class>/…, or a CSV file with paths relative to it')
    .addHelpText('after', HELP);
  const model = new Option('--model <models...>', 'one or more, as for classify (default: the embedded one)');
  for (const option of [...dataOptions(), ...modelGroup(model), ...preprocessingOptions(), ...outputOptions()]) {
    command.addOption(option);
  }
  return command.action((data: string) => evaluate(context, data, command.optsWithGlobals<EvaluateFlags>()));
}

export function dataOptions(further: readonly string[] = []): Option[] {
  return [
    choice('--labels <kind>', 'what labels are', ['auto', 'name', 'synset', 'index', 'order', ...further], 'auto'),
    new Option('--no-auto-orient', 'leave images as stored, whatever their EXIF orientation says'),
    new Option('--resume <file>', 'note each answer in a file, and take those that are there from a run before'),
  ].map((option) => option.helpGroup('Input:'));
}

export function modelGroup(model: Option): Option[] {
  const batchSize = new Option('--batch-size <n>', 'images computed together').argParser(positiveInteger);
  return [model, ...runOptions(), batchSize].map((option) => option.helpGroup('Model:'));
}

function outputOptions(): Option[] {
  return [
    choice('--format <name>', 'form of the results', FORMATS, 'table'),
    new Option('--output <file>', 'write the results to a file, which appears whole, not to standard output'),
  ].map((option) => option.helpGroup('Output:'));
}

async function evaluate({ api, io }: CommandContext, data: string, flags: EvaluateFlags): Promise<void> {
  const sink = flags.output === undefined ? streamSink(io.stdout) : await fileSink(flags.output);
  const progress = imageProgress(io, flags);
  let run: EvaluationRun;
  try {
    const { EMBEDDED_MODEL } = await api.classify();
    const { evaluate: evaluated } = await api.evaluate();
    const { labels, batchSize, resume, autoOrient, model = [EMBEDDED_MODEL] } = flags;
    run = await withDownloadBars(io, flags, (downloads) =>
      evaluated(data, model, {
        ...loadOptions(flags),
        ...preprocessingOf(flags),
        ...downloads,
        labels,
        batchSize,
        resume,
        autoOrient,
        onImage: (event) => progress.onImage(event),
      }),
    );
    await sink.write(rendered(run, io, flags));
  } catch (error) {
    await sink.discard();
    throw error;
  } finally {
    progress.stop();
  }
  await sink.commit();
  if (!flags.quiet) noteRun(io, run);
  const { failures } = run;
  if (failures.length > 0) throw new CommandFailure(EXIT.failed, `${failures.length} images could not be used`);
}

/** What became of images that no share counts. */
function noteRun(io: Io, { failures, unlabelled }: EvaluationRun): void {
  for (const { message } of failures) note(io, message);
  if (unlabelled > 0) note(io, `${unlabelled} images lie in no class's folder and were left out`);
}

function rendered(run: EvaluationRun, io: Io, { format, output, color }: EvaluateFlags): string {
  const { evaluations } = run;
  switch (format) {
    case 'json':
      return `${printableJson(evaluations.length === 1 ? evaluations[0] : evaluations)}\n`;
    case 'csv':
      return evaluationCsv(evaluations);
    case 'table':
      return evaluationTable(run, coloursFor(io.stdout, io.env, color && output === undefined));
  }
}

const HELP = `
A class is named by the model's name for it, its ImageNet synset, or its index;
--labels order takes folders in alphabetical order, as torchvision does. Images
that cannot be used are left out, named, and counted as failed.

Examples:
  patchlens evaluate imagenet-val --model ./vit-base
  patchlens evaluate labels.csv --model ./vit-tiny ./mobilenet --format json
  patchlens evaluate big-set --model ./vit-base --resume answers.jsonl

Exit codes:
  0    done
  1    an image failed, or the output could not be written
  2    usage, labels that are no classes of the model included
  3    no image matched
  4    problem with a model or the backend
  130  interrupted; with --resume the same command goes on where it stopped`;
