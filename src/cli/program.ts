import { Command } from 'commander';

import { attentionCommand } from './commands/attention.ts';
import { classifyCommand } from './commands/classify.ts';
import { compareCommand } from './commands/compare.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { explainCommand } from './commands/explain.ts';
import { faithfulnessCommand } from './commands/faithfulness.ts';
import { modelsConvertCommand } from './commands/models-convert.ts';
import { modelsInfoCommand } from './commands/models-info.ts';
import { modelsListCommand } from './commands/models-list.ts';
import { trainCommand } from './commands/train.ts';
import { coloursFor } from './output/colours.ts';
import { printable } from './output/printable.ts';
import type { CommandContext } from './patchlens.ts';
import { packageVersion } from './version.ts';

/** The whole command line. Parsing throws a `CommanderError` for usage errors and for help, whatever a command throws otherwise. */
export function createProgram(context: CommandContext): Command {
  const program = new Command('patchlens')
    .description('Vision Transformer image classification on TensorFlow.js kernels.')
    .version(packageVersion())
    .option('-q, --quiet', 'no notes and no progress on standard error, errors only')
    .option('--no-color', 'no colours (as NO_COLOR; FORCE_COLOR asks for them)')
    .configureHelp({ showGlobalOptions: true })
    .addCommand(classifyCommand(context))
    .addCommand(attentionCommand(context))
    .addCommand(faithfulnessCommand(context))
    .addCommand(evaluateCommand(context))
    .addCommand(compareCommand(context))
    .addCommand(
      new Command('models')
        .summary('look at models and convert them')
        .description('Look at the models that ship with the package and into any checkpoint, and convert checkpoints.')
        .addCommand(modelsInfoCommand(context))
        .addCommand(modelsListCommand(context))
        .addCommand(modelsConvertCommand(context)),
    )
    .addCommand(trainCommand(context))
    .addCommand(explainCommand(context))
    .addCommand(doctorCommand(context))
    .addHelpText('after', HELP);
  const everyCommand = [program, ...descendantsOf(program)];
  for (const command of everyCommand) configure(command, program, context);
  return program;
}

function descendantsOf(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...descendantsOf(child)]);
}

// `addCommand` inherits nothing, so each command is told: throw in place of exiting, and use the given streams.
function configure(command: Command, program: Command, { io }: CommandContext): void {
  const colours = () => coloursFor(io.stdout, io.env, program.opts()['color'] !== false);
  command
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, styleTitle: (title) => colours().bold(title) })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? 80, 120),
      getErrHelpWidth: () => Math.min(io.stderr.columns ?? 80, 120),
      getOutHasColors: () => colours().isColorSupported,
      getErrHasColors: () => false,
      outputError: (text, write) => write(`${oneLine(text)}\n`),
    });
}

/** `error: unknown option '--topk'\n(Did you mean --top-k?)` becomes our one line. */
function oneLine(text: string): string {
  const line = text
    .trim()
    .replaceAll('\n', ' ')
    .replace(/^error: /, '');
  return printable(`patchlens: ${line}`);
}

const HELP = `
Examples:
  patchlens classify photos          what the images of a folder show
  patchlens attention cat.jpg --output cat.png   where the model looks
  patchlens evaluate labelled        how often a model is right
  patchlens compare photos --models ./vit ./resnet
                                     which is better, at what price
  patchlens models info ./vit-base   what a checkpoint holds
  patchlens doctor                   what works on this machine

Results go to standard output, everything else to standard error.
'patchlens <command> --help' has the details, examples and exit codes.`;
