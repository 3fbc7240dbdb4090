import { CommandFailure, EXIT } from '../exit.ts';
import { isTerminal } from '../output/colours.ts';
import { note } from '../output/notes.ts';
import { printableJson } from '../output/printable.ts';
import { streamSink } from '../output/sink.ts';
import { trainingLine } from '../output/training-line.ts';
import type { CommandContext } from '../patchlens.ts';
import { recipeOf } from '../train-choice.ts';
import type { TrainFlags } from '../train-flags.ts';

/** Trains several networks on growing parts of the images: `train --data-fractions`. */
export async function studyOn({ api, io }: CommandContext, folder: string, flags: TrainFlags): Promise<void> {
  const { output, models, dataFractions, seeds, validation, interpolation, backend, threads, saveEvery } = flags;
  if (models === undefined || dataFractions === undefined || validation === undefined || flags.steps === undefined) {
    throw new CommandFailure(EXIT.usage, '--data-fractions: expected --models, --validation and --steps beside it');
  }
  if (flags.teacher !== undefined) {
    throw new CommandFailure(
      EXIT.usage,
      '--data-fractions: expected no --teacher, which knows more than the images say',
    );
  }
  const { dataStudy } = await api.train();
  const line = trainingLine(io, isTerminal(io.stderr) && !flags.quiet);
  try {
    const study = await dataStudy(folder, {
      output,
      models,
      shares: dataFractions,
      seeds,
      validation,
      validationShare: flags.validationShare,
      interpolation,
      backend,
      threads,
      saveEvery,
      cacheBytes: flags.cache * 2 ** 20,
      recipe: recipeOf(flags),
      signal: io.signal,
      onEvent: (event) => {
        if (event.kind === 'done') {
          line.clear();
          const { model, share, seed } = event.cell;
          const top1 = (100 * event.top1).toFixed(2);
          if (!flags.quiet) note(io, `${model}, ${share} of the images, seed ${seed}: ${top1} %`);
        } else if (event.kind !== 'run') {
          line.show(event);
        }
      },
    });
    line.clear();
    await streamSink(io.stdout).write(`${printableJson(study)}\n`);
  } finally {
    line.clear();
  }
}
