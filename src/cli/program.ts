import { Command } from 'commander';

import { coloursFor } from './output/colours.ts';
import { printable } from './output/printable.ts';
import type { CommandContext } from './patchlens.ts';
import { packageVersion } from './version.ts';

/** In the order of the help; each is loaded for a command line that needs it. */
const COMMANDS: Readonly<Record<string, () => Promise<(context: CommandContext) => Command>>> = {
  classify: async () => (await import('./commands/classify.ts')).classifyCommand,
  attention: async () => (await import('./commands/attention.ts')).attentionCommand,
  faithfulness: async () => (await import('./commands/faithfulness.ts')).faithfulnessCommand,
  evaluate: async () => (await import('./commands/evaluate.ts')).evaluateCommand,
  compare: async () => (await import('./commands/compare.ts')).compareCommand,
  models: async () => (await import('./commands/models.ts')).modelsCommand,
  train: async () => (await import('./commands/train.ts')).trainCommand,
  explain: async () => (await import('./commands/explain.ts')).explainCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
};

/**
 * What parses a command line, which comes without the names of node and script: the command that it names, or all of
 * them where it names none. Parsing throws a `CommanderError` for usage errors and for help, whatever a command throws
 * otherwise.
 */
export async function createProgram(context: CommandContext, argv: readonly string[]): Promise<Command> {
  const program = new Command('patchlens')
    .description('Vision Transformer image classification on TensorFlow.js kernels.')
    .version(packageVersion())
    .option('-q, --quiet', 'no notes and no progress on standard error, errors only')
    .option('--no-color', 'no colours (as NO_COLOR; FORCE_COLOR asks for them)')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', HELP);
  const commands = await Promise.all(commandsFor(argv).map((load) => load()));
  for (const command of commands) program.addCommand(command(context));
  const everyCommand = [program, ...descendantsOf(program)];
  for (const command of everyCommand) configure(command, program, context);
  return program;
}

// No option before a command's name takes a value.
function commandsFor(argv: readonly string[]) {
  const name = argv.find((argument) => !argument.startsWith('-')) ?? '';
  return Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]!] : Object.values(COMMANDS);
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
