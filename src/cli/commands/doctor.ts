import { Command } from 'commander';

import type { Diagnosis } from '../../index.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import type { CommonFlags } from '../options.ts';
import { choice } from '../options.ts';
import { coloursFor } from '../output/colours.ts';
import { facts } from '../output/facts.ts';
import type { Fact, FactsOptions } from '../output/facts.ts';
import { printableJson } from '../output/printable.ts';
import { streamSink } from '../output/sink.ts';
import type { CommandContext } from '../patchlens.ts';

interface DoctorFlags extends CommonFlags {
  readonly format: 'table' | 'json';
}

export function doctorCommand(context: CommandContext): Command {
  const command = new Command('doctor')
    .summary('say what works on this machine')
    .description('Say what works on this machine, and how to mend what does not.')
    .addOption(choice('--format <name>', 'form of the answer', ['table', 'json'], 'table'))
    .addHelpText('after', '\nExit codes: 0 models can run here, 4 they cannot.');
  return command.action(() => doctor(context, command.optsWithGlobals<DoctorFlags>()));
}

async function doctor({ api, io }: CommandContext, { format, color }: DoctorFlags): Promise<void> {
  const { diagnose } = await api.doctor();
  const diagnosis = await diagnose();
  const colours = coloursFor(io.stdout, io.env, color);
  const text =
    format === 'json' ? `${printableJson(diagnosis)}\n` : factSheet(diagnosis, { colours, stream: io.stdout });
  await streamSink(io.stdout).write(text);
  if (diagnosis.auto === null) throw new CommandFailure(EXIT.model, 'no backend loads on this machine');
  if (diagnosis.images.status === 'unavailable') throw new CommandFailure(EXIT.model, 'images cannot be read');
}

function factSheet(diagnosis: Diagnosis, options: FactsOptions): string {
  const { dim } = options.colours;
  const machine = facts(machineFacts(diagnosis), options);
  return `${machine}\n${dim('Backends')}\n${facts(backendFacts(diagnosis), options)}`;
}

function machineFacts({ patchlens, node, platform, cpu, memoryBytes, images, packages }: Diagnosis): Fact[] {
  return [
    ['patchlens', patchlens],
    ['Node', `${node.version}, ${node.supported ? 'supported' : `not supported: install ${node.required}`}`],
    ['Platform', `${platform.os} ${platform.release}, ${platform.arch}`],
    ['Processor', `${cpu.model}, ${cpu.parallelism} of ${cpu.processors} threads for this process`],
    ['Memory', `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ['Images', imagesInWords(images)],
    ...Object.entries(packages).map(([name, version]): Fact => [name, version ?? 'not installed']),
  ];
}

function imagesInWords(images: Diagnosis['images']): string {
  if (images.status === 'unavailable') return `unavailable: ${images.reason}`;
  return `sharp ${images.sharp}, libvips ${images.libvips}; reads ${images.formats.join(', ')}`;
}

function backendFacts({ backends, auto }: Diagnosis): Fact[] {
  return backends.map((probe) => {
    if (probe.status === 'unavailable') return [`  ${probe.name}`, `no: ${probe.reason}`];
    return [`  ${probe.name}`, `loads: ${probe.detail}${probe.name === auto ? ' <- auto takes this one' : ''}`];
  });
}
