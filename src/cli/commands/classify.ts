import { resolve } from 'node:path';

import { Command, Option } from 'commander';

import type { Classification, ClassifyAllOptions, Model } from '../../index.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import { loadModel } from '../load-model.ts';
import type { CommonFlags, ModelFlags } from '../options.ts';
import { choice, modelOptions, positiveInteger } from '../options.ts';
import { coloursFor, isTerminal } from '../output/colours.ts';
import { note } from '../output/notes.ts';
import type { Progress } from '../output/progress.ts';
import { silent } from '../output/progress.ts';
import { ResultWriter } from '../output/result-writer.ts';
import type { FormatName } from '../output/results.ts';
import { FORMATS, resultFormat } from '../output/results.ts';
import { fileSink, streamSink } from '../output/sink.ts';
import type { CommandContext, Io } from '../patchlens.ts';
import type { Batch, BatchFlags, Source } from '../sources.ts';
import { batchOf, noImage, stdinOf } from '../sources.ts';

interface ClassifyFlags extends CommonFlags, ModelFlags, BatchFlags {
  readonly quiet?: true;
  readonly topK: number;
  readonly format: FormatName;
  readonly output?: string;
  readonly autoOrient: boolean;
  readonly maxPixels?: number;
  readonly failFast?: true;
}

export function classifyCommand(context: CommandContext): Command {
  const command = new Command('classify')
    .summary('say what images show')
    .description(
      'Say what each image shows: the most probable classes of a Vision Transformer, in the order of the inputs.',
    )
    .argument('[inputs...]', 'image files, folders, quoted globs, or - for the bytes of one image on standard input')
    .addHelpText('after', HELP);
  for (const option of [...inputOptions(), ...modelOptions(), ...outputOptions()]) command.addOption(option);
  return command.action((inputs: string[]) => classify(context, inputs, command.optsWithGlobals<ClassifyFlags>()));
}

function inputOptions(): Option[] {
  return [
    new Option(
      '--files-from <list>',
      'also the files named in a list, one a line, taken literally; - for standard input',
    ),
    new Option('--no-recursive', 'do not descend into the folders of a folder'),
    new Option('--no-auto-orient', 'leave images as stored, whatever their EXIF orientation says'),
    new Option('--max-pixels <n>', 'refuse larger images, before they are decoded').argParser(positiveInteger),
    new Option('--fail-fast', 'stop at the first image that fails'),
  ].map((option) => option.helpGroup('Input:'));
}

function outputOptions(): Option[] {
  return [
    new Option('--top-k <n>', 'predictions of each image').argParser(positiveInteger).default(5),
    choice('--format <name>', 'form of the results', FORMATS, 'table'),
    new Option('--output <file>', 'write the results to a file, which appears whole, not to standard output'),
  ].map((option) => option.helpGroup('Output:'));
}

async function classify(context: CommandContext, inputs: readonly string[], flags: ClassifyFlags): Promise<void> {
  const { io } = context;
  const batch = await batchOf(context, inputs, flags);
  checkOutput(flags.output, batch);
  // Opened before the model is loaded: a place that cannot be written to should not cost a minute's wait.
  const sink = flags.output === undefined ? streamSink(io.stdout) : await fileSink(flags.output);
  let writer: ResultWriter | undefined;
  try {
    const { topK, batchSize, autoOrient, maxPixels } = flags;
    using model = await loadModel(context, flags.model, flags, { autoOrient, maxPixels });
    if (!flags.quiet) noteModel(io, model, flags);
    writer = new ResultWriter(sink, await resultFormat(flags.format, layoutOf(io, flags, batch, model)));
    const options = { topK, batchSize, signal: io.signal };
    const results = resultsOf(context, model, batch.sources, options);
    await writeAll(results, writer, await progressOf(io, flags, batch), flags);
  } finally {
    // Whatever ends the run, interruption included, the results that were finished are written as a whole document.
    await (writer ? writer.finish() : sink.discard());
  }
  if (writer.count === 0) throw noImage(inputs, flags);
  if (writer.failed > 0) {
    throw new CommandFailure(EXIT.failed, `${writer.failed} of ${imagesOf(writer.count)} could not be classified`);
  }
}

/** A slip such as `classify --output a.jpg b.jpg c.jpg` with a glob must not replace a photograph by a table. */
function checkOutput(output: string | undefined, { paths }: Batch): void {
  if (output === undefined || !paths.some((path) => resolve(path) === resolve(output))) return;
  throw new CommandFailure(EXIT.usage, `--output ${output}: expected a file for the results, got one of the inputs`);
}

/** What the embedded model is, when it was not asked for; what a checkpoint left open, always. */
function noteModel(io: Io, { info }: Model, flags: ClassifyFlags): void {
  if (flags.model === undefined && info.notice !== undefined) note(io, info.notice);
  if (info.assumption !== undefined) note(io, info.assumption);
}

async function writeAll(
  results: AsyncIterable<Classification>,
  writer: ResultWriter,
  progress: Progress,
  { failFast }: ClassifyFlags,
): Promise<void> {
  try {
    for await (const result of results) {
      progress.makeRoom();
      await writer.add(result);
      progress.advance();
      if (failFast && result.status === 'error') {
        throw new CommandFailure(
          EXIT.failed,
          `stopped by --fail-fast at image ${writer.count}: ${result.error.message}`,
        );
      }
    }
  } finally {
    progress.stop();
  }
}

async function* resultsOf(
  context: CommandContext,
  model: Model,
  sources: readonly Source[],
  options: ClassifyAllOptions,
): AsyncGenerator<Classification> {
  for (const source of sources) {
    if (source.kind === 'paths') yield* model.classifyAll(source.paths, options);
    else yield await classifyStdin(context, model, options);
  }
}

async function classifyStdin(
  { api, io }: CommandContext,
  model: Model,
  options: ClassifyAllOptions,
): Promise<Classification> {
  const path = '-';
  try {
    return { path, status: 'ok', predictions: await model.classify(stdinOf(io), options) };
  } catch (error) {
    const { PatchlensError } = await api.errors();
    if (!(error instanceof PatchlensError && error.code.startsWith('IMAGE_'))) throw error;
    return { path, status: 'error', error: { code: error.code, message: error.message } };
  }
}

function layoutOf(io: Io, flags: ClassifyFlags, batch: Batch, model: Model) {
  const isShown = flags.output === undefined && isTerminal(io.stdout);
  return {
    colours: coloursFor(io.stdout, io.env, flags.color && flags.output === undefined),
    width: isShown ? (io.stdout.columns ?? 80) : undefined,
    paths: batch.paths,
    labels: model.info.classes,
    topK: flags.topK,
  };
}

/** Fewer images than this are done before a bar could tell anything. */
const WORTH_A_BAR = 5;

async function progressOf(io: Io, flags: ClassifyFlags, { total }: Batch): Promise<Progress> {
  const isWatched = isTerminal(io.stderr) && io.env['TERM'] !== 'dumb' && !flags.quiet;
  if (!isWatched || (total !== undefined && total < WORTH_A_BAR)) return silent;
  const { progressBar } = await import('../output/progress-bar.ts');
  return progressBar(io.stderr, { total, sharesTerminal: flags.output === undefined && isTerminal(io.stdout) });
}

function imagesOf(count: number): string {
  return count === 1 ? '1 image' : `${count} images`;
}

const HELP = `
Of folders and globs only images count, by their extension (jpg jpeg png webp
avif gif tif tiff svg bmp), in natural order. A file that is missing or is no
image becomes a result of its own and does not stop the others. An interrupted
run leaves the results it had finished as a whole document, and when the reader
of a pipe leaves early (| head) the run ends quietly with 0.

Examples:
  patchlens classify cat.jpg
  patchlens classify photos --top-k 1 --format csv > photos.csv
  patchlens classify 'photos/**/*.png' --format json --output photos.json
  find . -name '*.jpg' | patchlens classify --files-from - --format jsonl
  curl -s https://example.org/cat.jpg | patchlens classify -
  patchlens classify cat.jpg --model ./vit-base --backend native --threads 2

Exit codes:
  0    done
  1    an image failed, or the output could not be written
  2    usage
  3    no image matched
  4    problem with the model or the backend
  130  interrupted`;
