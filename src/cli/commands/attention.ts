import { mkdir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';

import { Command, Option } from 'commander';

import type { AttentionMaps, AttentionMethod, Model, RgbImage } from '../../index.ts';
import { attentionOptions, drawOptions, figureStyle, mapOptions } from '../attention-options.ts';
import type { DrawFlags, MapFlags } from '../attention-options.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import { exploreOptions, explorerOptions } from '../explorer-options.ts';
import type { ExplorerFlags } from '../explorer-options.ts';
import { loadModel } from '../load-model.ts';
import type { CommonFlags, ModelFlags } from '../options.ts';
import { choice, modelOptions } from '../options.ts';
import { mapsJson } from '../output/maps-json.ts';
import { note } from '../output/notes.ts';
import { fileSink, streamSink } from '../output/sink.ts';
import type { CommandContext, Loaded } from '../patchlens.ts';

const FORMATS = ['png', 'svg', 'npy', 'json', 'html'] as const;
type FormatName = (typeof FORMATS)[number];

interface AttentionFlags extends CommonFlags, ModelFlags, MapFlags, DrawFlags, ExplorerFlags {
  readonly quiet?: true;
  readonly recursive: boolean;
  readonly autoOrient: boolean;
  readonly beside?: string;
  readonly format?: FormatName;
  readonly output?: string;
}

export function attentionCommand(context: CommandContext): Command {
  const command = new Command('attention')
    .summary('show where a model looks')
    .description('Draw maps of what a model attends to over each photograph, or give them as numbers.')
    .argument('<inputs...>', 'image files, folders or quoted globs')
    .addHelpText('after', HELP);
  for (const option of [...mapOptions(), ...modelOptions(), ...drawOptions(), ...explorerOptions(), ...fileOptions()]) {
    command.addOption(option);
  }
  return command.action((inputs: string[]) => explainAll(context, inputs, command.optsWithGlobals<AttentionFlags>()));
}

function fileOptions(): Option[] {
  const format = choice('--format <name>', 'of the maps, where the name of the output does not say', FORMATS, 'png');
  return [
    new Option('--no-recursive', 'do not descend into the folders of a folder').helpGroup('Input:'),
    new Option('--beside <model>', 'another model, drawn beside it with the methods that suit it').helpGroup('Model:'),
    new Option('--no-auto-orient', 'leave images as stored, whatever their EXIF orientation says').helpGroup('Input:'),
    new Option(
      '-o, --output <path>',
      'a .png, .svg, .npy, .json or .html for one image, a folder for several',
    ).helpGroup('Output:'),
    format.default(undefined).helpGroup('Output:'),
  ];
}

async function explainAll(context: CommandContext, inputs: readonly string[], flags: AttentionFlags): Promise<void> {
  const { io } = context;
  checkPageFlags(flags);
  checkBeside(flags);
  const { findImages } = await context.api.classify();
  const paths = await findImages(inputs, { recursive: flags.recursive });
  if (paths.length === 0) throw new CommandFailure(EXIT.noInput, `no image matched: ${inputs.join(', ')}`);
  const targetOf = await outputsFor(paths, flags);
  using model = await loadModel(context, flags.model, flags, { autoOrient: flags.autoOrient });
  if (!flags.quiet && flags.model === undefined && model.info.notice !== undefined) note(io, model.info.notice);
  using beside =
    flags.beside === undefined
      ? undefined
      : await loadModel(context, flags.beside, flags, { autoOrient: flags.autoOrient });
  const { PatchlensError } = await context.api.errors();
  let failed = 0;
  for (const path of paths) {
    try {
      await explainOne(context, { model, beside, path, ...targetOf(path) }, flags);
    } catch (error) {
      if (!(error instanceof PatchlensError && error.code.startsWith('IMAGE_')) || paths.length === 1) throw error;
      note(io, error.message);
      failed += 1;
    }
  }
  if (failed > 0) throw new CommandFailure(EXIT.failed, `${failed} of ${paths.length} images could not be explained`);
}

/** The page holds every method and head; a choice of them would not be heard. */
function checkPageFlags({ output, format, method, head, fusion }: AttentionFlags): void {
  if (format !== 'html' && extname(output ?? '').toLowerCase() !== '.html') return;
  const named = Object.entries({ method, head, fusion }).find(([, value]) => value !== undefined);
  if (named !== undefined) {
    throw usage(
      `--${named[0]}: expected none for a page, which has them all; --layer and --steps choose what it keeps`,
    );
  }
}

/** Numbers are of one model. */
function checkBeside({ beside, output, format }: AttentionFlags): void {
  if (beside === undefined) return;
  const chosen =
    format ??
    extname(output ?? '.json')
      .slice(1)
      .toLowerCase();
  if (!['png', 'svg', ''].includes(chosen)) throw usage(`--beside: expected .png or .svg, got .${chosen}`);
}

interface Destination {
  readonly format: FormatName;
  /** Standard output when absent. */
  readonly file: string | undefined;
}

/** Where each image's maps go, checked before a model is loaded. */
async function outputsFor(
  paths: readonly string[],
  { output, format }: AttentionFlags,
): Promise<(path: string) => Destination> {
  const extension = FORMATS.find((name) => extname(output ?? '').toLowerCase() === `.${name}`);
  if (output === undefined) {
    const shown = format ?? 'json';
    if (paths.length === 1 && (shown === 'json' || shown === 'svg')) return () => ({ format: shown, file: undefined });
    throw usage(`expected --output for ${paths.length === 1 ? shown : `${paths.length} images`}, got none`);
  }
  if (extension !== undefined && !(await isFolder(output))) {
    if (format !== undefined && format !== extension) throw usage(`--output ${output}: expected a .${format} file`);
    if (paths.length > 1) throw usage(`--output ${output}: expected a folder for ${paths.length} images, got a file`);
    if (resolve(paths[0] ?? '') === resolve(output))
      throw usage(`--output ${output}: expected another file than the input`);
    return () => ({ format: extension, file: output });
  }
  if (extname(output) !== '' && !(await isFolder(output))) {
    throw usage(`--output ${output}: expected ${FORMATS.map((name) => `.${name}`).join(', ')} or a folder`);
  }
  await mkdir(output, { recursive: true });
  const taken = new Map<string, number>();
  return (path) => {
    const stem = basename(path, extname(path));
    const count = (taken.get(stem) ?? 0) + 1;
    taken.set(stem, count);
    const chosen = format ?? 'png';
    return { format: chosen, file: join(output, `${stem}${count === 1 ? '' : `-${count}`}.${chosen}`) };
  };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function usage(message: string): CommandFailure {
  return new CommandFailure(EXIT.usage, message);
}

interface Task extends Destination {
  readonly model: Model;
  readonly beside: Model | undefined;
  readonly path: string;
}

async function explainOne(context: CommandContext, task: Task, flags: AttentionFlags): Promise<void> {
  const { file, format } = task;
  const { decodeImage } = await context.api.classify();
  const photo = await decodeImage(task.path, { autoOrient: flags.autoOrient });
  const pieces =
    format === 'html'
      ? await pageOf(context, { ...task, photo }, flags)
      : await mapsOf(context, { ...task, photo, format }, flags);
  const sink = file === undefined ? streamSink(context.io.stdout) : await fileSink(file);
  try {
    for await (const piece of pieces) await sink.write(piece);
  } catch (error) {
    await sink.discard();
    throw error;
  }
  await sink.commit();
}

interface PhotoTask extends Task {
  readonly photo: RgbImage;
}

interface MapsTask extends PhotoTask {
  readonly format: Exclude<FormatName, 'html'>;
}

async function pageOf(
  { api, io }: CommandContext,
  { model, path, photo }: PhotoTask,
  flags: AttentionFlags,
): Promise<AsyncIterable<string>> {
  const { explorerPage } = await api.attention();
  const { config } = model.info;
  const depth = config.kind === 'vit' ? config.depth : 0;
  return explorerPage(
    await model.explore(photo, { ...exploreOptions(flags, depth), photograph: basename(path), signal: io.signal }),
  );
}

async function mapsOf(
  { api, io }: CommandContext,
  { model, beside, path, photo, format }: MapsTask,
  flags: AttentionFlags,
): Promise<readonly (string | Uint8Array)[]> {
  const patchlens = await api.attention();
  const explained = await explainedBy(model, photo, { io, flags, methods: flags.method });
  const drawn = [explained];
  if (beside !== undefined) {
    const suiting = flags.method?.filter((method) => patchlens.methodsFor(beside.info).includes(method));
    const methods = suiting?.length === 0 ? undefined : suiting;
    drawn.push(await explainedBy(beside, photo, { io, flags, methods }));
  }
  switch (format) {
    case 'png':
    case 'svg':
      return [await patchlens.drawMaps(photo, drawn, figureStyle(flags, format))];
    case 'json':
      return [mapsJson(path, model.info.name, explained.results)];
    case 'npy':
      return [stacked(patchlens, explained.results)];
  }
}

interface Explained {
  readonly info: Model['info'];
  readonly results: readonly AttentionMaps[];
}

interface AskedMaps {
  readonly io: CommandContext['io'];
  readonly flags: AttentionFlags;
  /** The network's own choice where absent. */
  readonly methods?: readonly (AttentionMethod | undefined)[] | undefined;
}

async function explainedBy(
  model: Model,
  photo: RgbImage,
  { io, flags, methods = [undefined] }: AskedMaps,
): Promise<Explained> {
  const results: AttentionMaps[] = [];
  for (const method of methods) {
    const options = { ...attentionOptions(flags, method), batchSize: flags.batchSize, signal: io.signal };
    results.push(await model.attention(photo, options));
  }
  return { info: model.info, results };
}

/** All maps as one array [maps, Gh, Gw], in the order of the methods, then of layers, then of heads. */
function stacked({ npyFile }: Loaded<'attention'>, results: readonly AttentionMaps[]): Uint8Array {
  const maps = results.flatMap((result) => result.maps);
  const shape = maps[0]?.values.shape ?? [];
  if (maps.some(({ values }) => values.shape.join() !== shape.join())) {
    throw usage(
      'expected methods whose maps have one size for .npy, got several. Ask for them one by one, or for .json.',
    );
  }
  const data = new Float32Array(maps.reduce((sum, { values }) => sum + values.size, 0));
  let at = 0;
  for (const { values } of maps) {
    data.set(values.data, at);
    at += values.size;
  }
  return npyFile([maps.length, ...shape], data);
}

const HELP = `
Methods of a class explain the likeliest one or --target; rollout and attention
are the same for every class. grad-cam, occlusion and rise also suit networks
without attention. Colours span zero to a map's greatest value, those of rise
from its least, as the bar says.

Examples:
  patchlens attention cat.jpg --output cat.png
  patchlens attention cat.jpg --method rollout relevance grad-cam -o cat.svg
  patchlens attention cat.jpg --method attention --layer all --head all -o wall.png
  patchlens attention cat.jpg --method attention --query 6,7 --layer 3 -o cat.npy
  patchlens attention cat.jpg --method relevance --target "tiger cat" --contour 0.5 -o cat.png
  patchlens attention cat.jpg --method grad-cam --model a-vit --beside a-resnet -o cat.png
  patchlens attention photos --method relevance --output maps --format svg
  patchlens attention cat.jpg -o cat.html          a page to explore all of it
  patchlens attention cat.jpg --steps 0,11:2 -o cat.html

Exit codes: 0 done, 1 an image failed, 2 usage, 3 no image matched, 4 problem
with the model or the backend.`;
