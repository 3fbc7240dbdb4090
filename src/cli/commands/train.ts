import { Command } from 'commander';

import type { TrainEvent } from '../../index.ts';
import { isTerminal } from '../output/colours.ts';
import { note } from '../output/notes.ts';
import { printableJson } from '../output/printable.ts';
import type { TrainingLine } from '../output/training-line.ts';
import { trainingLine } from '../output/training-line.ts';
import { streamSink } from '../output/sink.ts';
import type { CommandContext, Io } from '../patchlens.ts';
import { networkOf, recipeOf } from '../train-choice.ts';
import type { TrainFlags } from '../train-flags.ts';
import { trainOptions } from '../train-options.ts';
import { studyOn } from './train-study.ts';

export function trainCommand(context: CommandContext): Command {
  const command = new Command('train')
    .summary('train a network on a folder of images')
    .description('Train a network on labelled images, <folder>/<class>/*, and write it as a model folder.')
    .argument('<folder>', 'a folder with a folder of images for each class')
    .addHelpText('after', HELP);
  for (const option of trainOptions()) command.addOption(option);
  return command.action((folder: string) => {
    const flags = command.optsWithGlobals<TrainFlags>();
    return flags.dataFractions === undefined ? trainOn(context, folder, flags) : studyOn(context, folder, flags);
  });
}

async function trainOn({ api, io }: CommandContext, folder: string, flags: TrainFlags): Promise<void> {
  const { train, NAMED_NETWORKS } = await api.train();
  const { output, resume, validation, validateEvery, saveEvery, cache, interpolation, backend, threads, share } = flags;
  const line = trainingLine(io, isTerminal(io.stderr) && !flags.quiet);
  try {
    const result = await train(folder, {
      output,
      resume,
      validation,
      validationShare: flags.validationShare,
      validateEvery,
      saveEvery,
      interpolation,
      backend,
      threads,
      share,
      cacheBytes: cache * 2 ** 20,
      network: networkOf(flags, NAMED_NETWORKS),
      teacher: flags.teacher,
      recipe: recipeOf(flags),
      signal: io.signal,
      onEvent: (event) => {
        line.show(event);
        if (!flags.quiet) tell(io, event, line);
      },
    });
    line.clear();
    await streamSink(io.stdout).write(`${printableJson(result)}\n`);
  } finally {
    line.clear();
  }
}

/** What is worth a line that stays. */
function tell(io: Io, event: TrainEvent, line: TrainingLine): void {
  if (event.kind === 'resumed') note(io, `going on after step ${event.step}`);
  if (event.kind !== 'examined') return;
  line.clear();
  const { top1, loss, images } = event.examination;
  note(io, `step ${event.step}: ${(100 * top1).toFixed(2)} % of ${images} validation images, loss ${loss.toFixed(4)}`);
}

const HELP = `
The folder of the run gets config.json and model.safetensors, which classify and
timm load, log.jsonl with a line for each step, and the newest state of the run.
A run that was interrupted or killed goes on with --resume and the same options,
to the same end.

Examples:
  patchlens train photos --output run --epochs 30 --image-size 128
  patchlens train photos --output run --epochs 30 --image-size 128 --resume
  patchlens train cifar10/train --validation cifar10/test --output run \\
    --image-size 32 --patch-size 4 --depth 6 --crop padded:4 --rand-augment 2,9

Exit codes:
  0    done
  1    an image could not be used, or the run could not go on
  2    usage
  4    problem with a model or the backend
  130  interrupted: the state was saved`;
