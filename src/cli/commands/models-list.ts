import { Command } from 'commander';

import type { EmbeddedModel } from '../../index.ts';
import type { CommonFlags } from '../options.ts';
import { choice } from '../options.ts';
import type { Colours } from '../output/colours.ts';
import { coloursFor } from '../output/colours.ts';
import { columns } from '../output/columns.ts';
import { printable, printableJson } from '../output/printable.ts';
import { streamSink } from '../output/sink.ts';
import type { CommandContext } from '../patchlens.ts';

interface ListFlags extends CommonFlags {
  readonly format: 'table' | 'json';
}

export function modelsListCommand(context: CommandContext): Command {
  const command = new Command('list')
    .summary('list the models that ship with the package')
    .description('List the models that ship with the package.')
    .addOption(choice('--format <name>', 'form of the list', ['table', 'json'], 'table'));
  return command.action(() => list(context, command.optsWithGlobals<ListFlags>()));
}

async function list({ api, io }: CommandContext, { format, color }: ListFlags): Promise<void> {
  const { listModels } = await api.classify();
  const models = listModels();
  const text = format === 'json' ? `${printableJson(models)}\n` : table(models, coloursFor(io.stdout, io.env, color));
  await streamSink(io.stdout).write(text);
}

function table(models: readonly EmbeddedModel[], { bold, dim }: Colours): string {
  const rows = models.map(({ name, description, numParameters, classes }) => [
    bold(printable(name)),
    numParameters.toLocaleString('en'),
    String(classes.length),
    printable(description),
  ]);
  return columns([['Model', 'Parameters', 'Classes', 'Description'].map(dim), ...rows]);
}
