import { Command, Option } from 'commander';

import type { AttentionMethod, Faithfulness, Fill } from '../../index.ts';
import { FILL_NAMES, METHOD_NAMES, severalOf } from '../attention-options.ts';
import { loadModel } from '../load-model.ts';
import type { CommonFlags, ModelFlags } from '../options.ts';
import { choice, modelOptions, positiveInteger } from '../options.ts';
import { faithfulnessCsv } from '../output/faithfulness-csv.ts';
import { faithfulnessTable } from '../output/faithfulness-table.ts';
import { note } from '../output/notes.ts';
import { printableJson } from '../output/printable.ts';
import { fileSink, streamSink } from '../output/sink.ts';
import type { CommandContext } from '../patchlens.ts';

interface FaithfulnessFlags extends CommonFlags, ModelFlags {
  readonly quiet?: true;
  readonly autoOrient: boolean;
  readonly methods?: readonly AttentionMethod[];
  readonly fills?: readonly Fill[];
  readonly target?: string;
  readonly steps?: number;
  readonly orders?: number;
  readonly seed?: number;
  readonly masks?: number;
  readonly format: 'table' | 'json' | 'csv';
  readonly output?: string;
}

export function faithfulnessCommand(context: CommandContext): Command {
  const command = new Command('faithfulness')
    .summary('test whether maps say what a prediction depends on')
    .description(
      'Remove the patches of an image in the order of each map, and show them in that order, against random orders.',
    )
    .argument('<image>', 'an image file')
    .addHelpText('after', HELP);
  for (const option of [...scoreOptions(), ...modelOptions(), ...outputOptions()]) command.addOption(option);
  return command.action((image: string) => score(context, image, command.optsWithGlobals<FaithfulnessFlags>()));
}

function scoreOptions(): Option[] {
  return [
    severalOf('--methods <names...>', 'which maps (default: all that explain)', METHOD_NAMES),
    severalOf('--fills <names...>', 'what replaces a patch (default: all)', FILL_NAMES),
    new Option('--target <class>', 'the class that is watched, by label or index (default: the likeliest)'),
    new Option('--steps <n>', 'points of a curve (default: 14)').argParser(positiveInteger),
    new Option('--orders <n>', 'random orders, at least 32 (default: 32)').argParser(positiveInteger),
    new Option('--seed <n>', 'of the random orders and of rise (default: 1)').argParser(positiveInteger),
    new Option('--masks <n>', 'random masks of rise (default: 1000)').argParser(positiveInteger),
    new Option('--no-auto-orient', 'leave the image as stored, whatever its EXIF orientation says'),
  ].map((option) => option.helpGroup('Score:'));
}

function outputOptions(): Option[] {
  return [
    choice('--format <name>', 'form of the result', ['table', 'json', 'csv'], 'table'),
    new Option('-o, --output <file>', 'write it to a file'),
  ].map((option) => option.helpGroup('Output:'));
}

async function score(context: CommandContext, image: string, flags: FaithfulnessFlags): Promise<void> {
  const { io } = context;
  const sink = flags.output === undefined ? streamSink(io.stdout) : await fileSink(flags.output);
  try {
    using model = await loadModel(context, flags.model, flags, { autoOrient: flags.autoOrient });
    if (!flags.quiet && flags.model === undefined && model.info.notice !== undefined) note(io, model.info.notice);
    const { methods, fills, target, steps, orders, seed, masks, batchSize } = flags;
    const found = await model.faithfulness(image, {
      methods,
      fills,
      target: target !== undefined && /^\d+$/.test(target) ? Number(target) : target,
      steps,
      orders,
      seed,
      maps: { masks },
      batchSize,
      signal: io.signal,
    });
    await sink.write(
      rendered(image, model.info.name, found, {
        ...flags,
        forTerminal: flags.output === undefined && io.stdout.isTTY === true,
      }),
    );
  } catch (error) {
    await sink.discard();
    throw error;
  }
  await sink.commit();
}

function rendered(
  path: string,
  model: string,
  found: Faithfulness,
  { format, forTerminal }: Pick<FaithfulnessFlags, 'format'> & { readonly forTerminal: boolean },
): string {
  switch (format) {
    case 'json':
      return `${printableJson({ path, model, ...found })}\n`;
    case 'csv':
      return faithfulnessCsv(path, found, { forTerminal });
    case 'table':
      return faithfulnessTable(found);
  }
}

const HELP = `
Deletion replaces patches from the greatest value on, so less area under the
class's probability is better; insertion shows them in that order, so more is.
The random rows are a mean over random orders and what 95 in 100 lie between;
* marks an area beyond that, the only ones that say more than chance.

Examples:
  patchlens faithfulness cat.jpg
  patchlens faithfulness cat.jpg --methods relevance rollout --fills blur --orders 100
  patchlens faithfulness cat.jpg --target "tiger cat" --format json -o cat.json

Exit codes: 0 done, 1 the image failed, 2 usage, 4 problem with the model or the
backend.`;
