import { Command } from 'commander';

import type { ModelInfo } from '../../index.ts';
import { loadModel } from '../load-model.ts';
import type { CommonFlags, RunFlags } from '../options.ts';
import { choice, runOptions } from '../options.ts';
import { coloursFor } from '../output/colours.ts';
import { facts } from '../output/facts.ts';
import type { Fact } from '../output/facts.ts';
import { inWords } from '../output/preprocessing.ts';
import { printableJson } from '../output/printable.ts';
import { streamSink } from '../output/sink.ts';
import type { CommandContext } from '../patchlens.ts';

interface InfoFlags extends CommonFlags, RunFlags {
  readonly format: 'table' | 'json';
}

export function modelsInfoCommand(context: CommandContext): Command {
  const command = new Command('info')
    .summary('show what a model is')
    .description('Show what a model is: its architecture, classes and preprocessing, and what runs it here.')
    .argument(
      '[model]',
      'embedded model, folder, .safetensors or .npz file, or hub id org/name[@revision] (default: the embedded one)',
    )
    .addOption(choice('--format <name>', 'form of the answer', ['table', 'json'], 'table'));
  for (const option of runOptions()) command.addOption(option);
  return command
    .addHelpText('after', HELP)
    .action((model: string | undefined) => showModel(context, model, command.optsWithGlobals<InfoFlags>()));
}

async function showModel({ api, io }: CommandContext, name: string | undefined, flags: InfoFlags): Promise<void> {
  const patchlens = await api();
  using model = await loadModel(patchlens, io, name, flags);
  const colours = coloursFor(io.stdout, io.env, flags.color);
  const text =
    flags.format === 'json'
      ? `${printableJson(model.info)}\n`
      : facts(factsOf(model.info), { colours, stream: io.stdout });
  await streamSink(io.stdout).write(text);
}

function factsOf(info: ModelInfo): Fact[] {
  const { config, preprocessing, classes } = info;
  const { height, width } = config.imageSize;
  const { patchSize } = config;
  const patches = (height / patchSize) * (width / patchSize);
  const [first, second, third] = classes;
  const examples = [first, second, third].filter((label) => label !== undefined).join('; ');
  return [
    ['Model', info.name],
    ['Architecture', info.architecture],
    ['Family', info.family],
    ['Parameters', count(info.numParameters)],
    ['Image', `${height} x ${width} pixels (height x width), ${config.numChannels} channels`],
    ['Patches', `${count(patches)} of ${patchSize} x ${patchSize} pixels`],
    ['Encoder', `${config.depth} blocks, width ${config.dim}, ${config.numHeads} heads, MLP ${config.mlp.hiddenDim}`],
    ['Positions', POSITIONS[config.positions.kind]],
    ['Pooling', POOLING[config.pooling.kind]],
    ['Classes', `${count(classes.length)}${examples && ` (${examples}${classes.length > 3 ? '; …' : ''})`}`],
    ['Preprocessing', inWords(preprocessing)],
    ['Backend', `${info.backend}, ${info.precision}, ${info.threads} ${info.threads === 1 ? 'thread' : 'threads'}`],
    ...[info.notice, info.assumption].flatMap((text) => (text === undefined ? [] : [['Note', text] satisfies Fact])),
  ];
}

const POSITIONS: Record<ModelInfo['config']['positions']['kind'], string> = {
  learned: 'learned',
  'sincos-1d': 'sines and cosines of the patch index',
  'sincos-2d': 'sines and cosines of row and column',
  relative: 'a learned bias by the offset between two patches',
  'relative-quadratic': 'a bias quadratic in the offset between two patches',
  'rotary-2d': 'queries and keys turned by row and column',
  none: 'none',
};

const POOLING: Record<ModelInfo['config']['pooling']['kind'], string> = {
  'class-token': 'class token',
  mean: 'mean of the patch tokens',
  'class-token-and-mean': 'class token beside the mean of the patch tokens',
  distilled: 'class token and distillation token, logits averaged',
};

/** 5717416 → `5,717,416` */
function count(number: number): string {
  return number.toLocaleString('en');
}

const HELP = `
Examples:
  patchlens models info ./vit-base
  patchlens models info ./vit-base --format json | jq .numParameters`;
