import { InvalidArgumentError, Option } from 'commander';

import type { BackendName, LoadOptions, Precision, PreprocessingChanges, Rgb, Size } from '../index.ts';

/** Of every command; given before or after its name. */
export interface CommonFlags {
  readonly quiet?: true;
  readonly color: boolean;
}

/** Of a command that may prepare images otherwise than the model's files say. */
export interface PreprocessingFlags {
  readonly resize?: NonNullable<PreprocessingChanges['resize']>;
  readonly crop?: number;
  readonly interpolation?: NonNullable<PreprocessingChanges['interpolation']>;
  readonly mean?: Rgb;
  readonly std?: Rgb;
}

/** Of every command that runs a model on images. */
export interface ModelFlags extends RunFlags, PreprocessingFlags {
  readonly model?: string;
  readonly batchSize?: number;
}

/** Of every command that loads a model. */
export interface RunFlags {
  readonly backend: BackendName | 'auto';
  readonly precision: Precision | 'auto';
  readonly threads?: number;
  readonly imageSize?: number | Size;
}

// Records, so that a backend or precision added to the library and forgotten here breaks the build.
const BACKENDS: Record<BackendName | 'auto', true> = {
  auto: true,
  native: true,
  tensorflow: true,
  wasm: true,
  cpu: true,
};
const PRECISIONS: Record<Precision | 'auto', true> = { auto: true, f32: true, bf16x3: true, bf16: true };

/** Fresh options for a command that runs a model on images: which model, and how it runs. */
export function modelOptions(): Option[] {
  const model = new Option(
    '--model <model>',
    'embedded model, folder, .safetensors, .npz or model.json file, or hub id org/name[@revision] (default: the embedded one)',
  );
  const batchSize = new Option('--batch-size <n>', 'images computed together').argParser(positiveInteger);
  const run = [model, ...runOptions(), batchSize].map((option) => option.helpGroup('Model:'));
  return [...run, ...preprocessingOptions()];
}

// Records, as above.
const RESIZES: Record<NonNullable<PreprocessingChanges['resize']>, true> = {
  'shorter-edge': true,
  squash: true,
  border: true,
};
const INTERPOLATIONS: Record<NonNullable<PreprocessingChanges['interpolation']>, true> = {
  bilinear: true,
  bicubic: true,
  lanczos: true,
  box: true,
  'bilinear-no-antialias': true,
};

/** Fresh options for a command that prepares images for a model otherwise than its files say. */
export function preprocessingOptions(): Option[] {
  const preset = "; default the model's own";
  return [
    choice('--resize <how>', 'how the whole image is resized', Object.keys(RESIZES), undefined, preset),
    new Option('--crop <share>', `share of the resized edge that is kept, 0.01 to 1${preset}`).argParser(
      numberFrom(0.01, 1),
    ),
    choice('--interpolation <name>', 'filter of the resize', Object.keys(INTERPOLATIONS), undefined, preset),
    new Option('--mean <r,g,b>', `subtracted from pixels of 0 to 1; one number for all three${preset}`).argParser(
      channels(Number.isFinite),
    ),
    new Option('--std <r,g,b>', `then divided by; one number for all three${preset}`).argParser(
      channels((number) => number > 0 && number < Number.POSITIVE_INFINITY),
    ),
  ].map((option) => option.helpGroup('Preprocessing:'));
}

/** Fresh options for a command that loads a model: how it runs. */
export function runOptions(): Option[] {
  return [
    choice('--backend <name>', 'what computes', Object.keys(BACKENDS), 'auto'),
    choice('--precision <name>', 'arithmetic of the products', Object.keys(PRECISIONS), 'auto'),
    new Option('--threads <n>', 'threads of the backend, where it has more than one (not wasm, not cpu)').argParser(
      positiveInteger,
    ),
    new Option('--image-size <size>', 'run at another size in pixels: 384, or 240x320 (height x width)').argParser(
      pixels,
    ),
  ];
}

export function loadOptions({ backend, precision, threads, imageSize }: RunFlags): LoadOptions {
  return { backend, precision, threads, imageSize };
}

export function preprocessingOf(flags: PreprocessingFlags): Pick<LoadOptions, 'preprocessing'> {
  const { resize, crop, interpolation, mean, std } = flags;
  return { preprocessing: { resize, crop, interpolation, mean, std } };
}

/** An option with a closed list of values, which suggests the nearest one for a value outside it. */
export function choice(
  flags: string,
  description: string,
  values: readonly string[],
  preset: string | undefined,
  remark = '',
): Option {
  return new Option(flags, `${description}: ${values.join(', ')}${remark}`).default(preset).argParser((value) => {
    if (values.includes(value)) return value;
    const nearest = nearestTo(value, values);
    const suggestion = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
    throw new InvalidArgumentError(`Expected one of ${values.join(', ')}.${suggestion}`);
  });
}

export function positiveInteger(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError('Expected a whole number of 1 or more.');
  }
  return number;
}

/** A parser of numbers within bounds, both included. */
export function numberFrom(least: number, most = Number.POSITIVE_INFINITY): (value: string) => number {
  return (value) => {
    const number = value.trim() === '' ? Number.NaN : Number(value);
    if (number >= least && number <= most && Number.isFinite(number)) return number;
    const bounds = most === Number.POSITIVE_INFINITY ? `of ${least} or more` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a number ${bounds}.`);
  };
}

/** A parser of one number for all channels, or three. */
function channels(isRight: (number: number) => boolean): (value: string) => Rgb {
  return (value) => {
    const numbers = value.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    const [red, green = red, blue = red] = numbers;
    const isWhole = [1, 3].includes(numbers.length) && numbers.every(isRight);
    if (isWhole && red !== undefined && green !== undefined && blue !== undefined) return [red, green, blue];
    throw new InvalidArgumentError('Expected a number, or three as 0.485,0.456,0.406; deviations above 0.');
  };
}

function pixels(value: string): number | Size {
  const [, height, width] = /^(\d+)(?:x(\d+))?$/i.exec(value) ?? [];
  if (height === undefined || Number(height) < 1 || (width !== undefined && Number(width) < 1)) {
    throw new InvalidArgumentError('Expected pixels, as 384 or 240x320 (height x width).');
  }
  return width === undefined ? Number(height) : { height: Number(height), width: Number(width) };
}

function nearestTo(value: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(value.toLowerCase(), candidate) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  // Half of the letters wrong is no slip of the finger any more, unless the beginning was typed right.
  const isNear = best && best.distance <= Math.max(1, Math.floor(best.candidate.length / 2));
  return isNear ? best.candidate : candidates.find((candidate) => value !== '' && candidate.startsWith(value));
}

/** Levenshtein distance, row by row. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + Number(a[i - 1] !== b[j - 1]);
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
