import { Command, Option } from 'commander';

import type { ModelNames, WrittenDtype } from '../../index.ts';
import { withDownloadBars } from '../load-model.ts';
import type { CommonFlags } from '../options.ts';
import { choice } from '../options.ts';
import { note } from '../output/notes.ts';
import { printable } from '../output/printable.ts';
import { streamSink } from '../output/sink.ts';
import type { CommandContext } from '../patchlens.ts';

interface ConvertFlags extends CommonFlags {
  readonly output: string;
  readonly names: ModelNames | 'auto';
  readonly dtype: WrittenDtype;
  readonly force?: true;
}

// Records, so that what is added to the library and forgotten here breaks the build.
const NAMES: Record<ModelNames | 'auto', true> = { auto: true, huggingface: true, timm: true };
const DTYPES: Record<WrittenDtype, true> = { float32: true, float16: true };

export function modelsConvertCommand(context: CommandContext): Command {
  const command = new Command('convert')
    .summary('write a checkpoint for timm or transformers')
    .description(
      'Write a ViT as a folder that timm or transformers loads with the same answers, or a ResNet for timm: config.json, ' +
        'model.safetensors and, for transformers, preprocessor_config.json. Prints the folder.',
    )
    .argument('<model>', 'folder, .safetensors or .npz file, hub id, or name of an embedded model')
    .addOption(new Option('--output <folder>', 'where to write it: a new or an empty folder').makeOptionMandatory())
    .addOption(choice('--names <library>', 'whose tensor names and configuration', Object.keys(NAMES), 'auto'))
    .addOption(choice('--dtype <name>', 'how values are stored', Object.keys(DTYPES), 'float32'))
    .addOption(new Option('--force', 'replace the model in a folder that is not empty'))
    .addHelpText('after', HELP);
  return command.action((model: string) => convert(context, model, command.optsWithGlobals<ConvertFlags>()));
}

async function convert({ api, io }: CommandContext, model: string, flags: ConvertFlags): Promise<void> {
  const { output, names, dtype, force, quiet } = flags;
  const { convertModel } = await api.convert();
  const { warnings } = await withDownloadBars(io, flags, (progress) =>
    convertModel(model, { output, names: names === 'auto' ? undefined : names, dtype, force, ...progress }),
  );
  if (!quiet) for (const warning of warnings) note(io, warning);
  await streamSink(io.stdout).write(`${printable(output)}\n`);
}

const HELP = `
Without --names a checkpoint keeps those of its own library; torchvision and .npz
checkpoints, which have none of the two, get timm's where it has the network.
Of the convolutional networks ResNets can be written, with timm's names.
What the library does otherwise than the checkpoint asks for is said on standard
error.

Examples:
  patchlens models convert B_16.npz --output vit-base
  patchlens models convert ./deit --output deit-f16 --names huggingface --dtype float16

Exit codes: 0 done, 2 usage or no such network in that library, 4 problem with the
model, 130 interrupted`;
