import { Command } from 'commander';

import type { ModelInfo } from '../../index.ts';
import { loadModel } from '../load-model.ts';
import type { CommonFlags, PreprocessingFlags, RunFlags } from '../options.ts';
import { choice, preprocessingOptions, runOptions } from '../options.ts';
import { coloursFor } from '../output/colours.ts';
import { facts } from '../output/facts.ts';
import type { Fact } from '../output/facts.ts';
import { networkFacts } from '../output/network-facts.ts';
import { count, decimalBytes, shortCount } from '../output/numbers.ts';
import { inWords } from '../output/preprocessing.ts';
import { printableJson } from '../output/printable.ts';
import { streamSink } from '../output/sink.ts';
import type { CommandContext } from '../patchlens.ts';

interface InfoFlags extends CommonFlags, RunFlags, PreprocessingFlags {
  readonly format: 'table' | 'json';
}

export function modelsInfoCommand(context: CommandContext): Command {
  const command = new Command('info')
    .summary('show what a model is')
    .description('Show what a model is: its architecture, classes and preprocessing, and what runs it here.')
    .argument(
      '[model]',
      'embedded model, folder, .safetensors, .npz or model.json file, or hub id org/name[@revision] (default: the embedded one)',
    )
    .addOption(choice('--format <name>', 'form of the answer', ['table', 'json'], 'table'));
  for (const option of [...runOptions(), ...preprocessingOptions()]) command.addOption(option);
  return command
    .addHelpText('after', HELP)
    .action((model: string | undefined) => showModel(context, model, command.optsWithGlobals<InfoFlags>()));
}

async function showModel(context: CommandContext, name: string | undefined, flags: InfoFlags): Promise<void> {
  const { io } = context;
  using model = await loadModel(context, name, flags);
  const colours = coloursFor(io.stdout, io.env, flags.color);
  const text =
    flags.format === 'json'
      ? `${printableJson(model.info)}\n`
      : facts(factsOf(model.info), { colours, stream: io.stdout });
  await streamSink(io.stdout).write(text);
}

function factsOf(info: ModelInfo): Fact[] {
  const { preprocessing, classes } = info;
  const { height, width } = preprocessing.imageSize;
  const [first, second, third] = classes;
  const examples = [first, second, third].filter((label) => label !== undefined).join('; ');
  return [
    ['Model', info.name],
    ['Architecture', info.architecture],
    ['Family', info.family],
    ['Parameters', count(info.numParameters)],
    ['Weights', `${decimalBytes(info.weightBytes)} as float32`],
    ...costFacts(info),
    ['Image', `${height} x ${width} pixels (height x width), ${info.config.numChannels} channels`],
    ...networkFacts(info.config),
    ['Classes', `${count(classes.length)}${examples && ` (${examples}${classes.length > 3 ? '; …' : ''})`}`],
    ['Preprocessing', inWords(preprocessing)],
    ['Backend', `${info.backend}, ${info.precision}, ${info.threads} ${info.threads === 1 ? 'thread' : 'threads'}`],
    ...[info.notice, info.assumption].flatMap((text) => (text === undefined ? [] : [['Note', text] satisfies Fact])),
  ];
}

/** What one image costs. */
function costFacts({ cost }: ModelInfo): Fact[] {
  if (cost === undefined) return [];
  const { multiplyAdds, multiplyAddsWithNorms, activations } = cost;
  return [
    [
      'Multiply-adds',
      `${count(multiplyAdds)} an image (${shortCount(multiplyAddsWithNorms)} with norms, as timm counts)`,
    ],
    ['Activations', `${count(activations)} values an image`],
  ];
}

const HELP = `
Examples:
  patchlens models info ./vit-base
  patchlens models info ./vit-base --format json | jq .numParameters`;
