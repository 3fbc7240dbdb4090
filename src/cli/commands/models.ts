import { Command } from 'commander';

import type { CommandContext } from '../patchlens.ts';
import { modelsConvertCommand } from './models-convert.ts';
import { modelsInfoCommand } from './models-info.ts';
import { modelsListCommand } from './models-list.ts';

export function modelsCommand(context: CommandContext): Command {
  return new Command('models')
    .summary('look at models and convert them')
    .description('Look at the models that ship with the package and into any checkpoint, and convert checkpoints.')
    .addCommand(modelsInfoCommand(context))
    .addCommand(modelsListCommand(context))
    .addCommand(modelsConvertCommand(context));
}
