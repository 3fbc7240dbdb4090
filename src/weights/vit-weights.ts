import type { ViTConfig } from './architecture.ts';
import { sizeOf } from './arrays.ts';
import type { NamedArray } from './arrays.ts';

/**
 * A network's shape and its parameters, each made when it is asked for. The functions below write the same network in another
 * form: other parameters, the same logits, so that a library can hold what it has no name for.
 */
export interface ViTWeights {
  readonly config: ViTConfig;
  /** By dotted name, as in `vit/params`. */
  readonly parameter: (name: string) => NamedArray;
}

/** A distillation token whose output nobody reads is a register. */
export function withDistillationTokenAsRegister(network: ViTWeights): ViTWeights {
  const { config, parameter } = network;
  const { distillationToken, numRegisters } = config.prefix;
  if (!distillationToken || config.pooling.kind === 'distilled') return network;
  const prefix = { ...config.prefix, distillationToken: false, numRegisters: numRegisters + 1 };
  return replacing(
    network,
    { ...config, prefix },
    {
      registers: () => {
        const tokens = [parameter('distillationToken'), ...(numRegisters > 0 ? [parameter('registers')] : [])];
        return rows([1, numRegisters + 1, config.dim], tokens);
      },
    },
  );
}

/**
 * Positions for another number of prefix tokens: those that get one get zeros, and what is taken from one is added to the
 * token itself.
 */
export function withPrefixPositions(network: ViTWeights, numPrefix: number): ViTWeights {
  const { config, parameter } = network;
  const { positions, dim: D } = config;
  if (positions.kind !== 'learned' || positions.numPrefix === numPrefix) return network;
  const had = positions.numPrefix;
  const kept = Math.min(had, numPrefix);
  const table = (): NamedArray => {
    const { shape, data } = parameter('positions');
    const length = (shape[1] ?? 0) - had + numPrefix;
    const moved = new Float32Array(length * D);
    moved.set(data.subarray(0, kept * D));
    moved.set(data.subarray(had * D), numPrefix * D);
    return { shape: [1, length, D], data: moved };
  };
  return replacing(
    network,
    { ...config, positions: { ...positions, numPrefix } },
    { positions: table, ...tokensWithPositions(network, kept) },
  );
}

/** The prefix tokens with their positions added, from the one at index `from` on. */
function tokensWithPositions({ config, parameter }: ViTWeights, from: number): Record<string, () => NamedArray> {
  const { positions, prefix } = config;
  const had = positions.kind === 'learned' ? positions.numPrefix : 0;
  const counts = { classToken: Number(prefix.classToken), distillationToken: Number(prefix.distillationToken) };
  const made: Record<string, () => NamedArray> = {};
  let first = 0;
  for (const [name, count] of Object.entries({ ...counts, registers: prefix.numRegisters })) {
    const start = first;
    first += count;
    if (count === 0 || first <= from || start >= had) continue;
    made[name] = () => plusPositions(parameter(name), parameter('positions'), { start, from, to: had });
  }
  return made;
}

/** Tokens [1, n, D], the first of which is row `start` of the table, with the rows from `from` to `to` added to theirs. */
function plusPositions(
  { shape, data }: NamedArray,
  table: NamedArray,
  { start, from, to }: { readonly start: number; readonly from: number; readonly to: number },
): NamedArray {
  const [, n = 0, D = 0] = shape;
  const moved = data.slice();
  for (let i = Math.max(from, start) * D; i < Math.min(to, start + n) * D; i += 1) {
    moved[i - start * D] = moved[i - start * D]! + table.data[i]!;
  }
  return { shape, data: moved };
}

/** A position table where there was none: zeros. */
export function withPositions(network: ViTWeights, numPatches: number): ViTWeights {
  const { config } = network;
  if (config.positions.kind !== 'none') return network;
  const positions = { kind: 'learned', numPrefix: 0, resample: 'bicubic' } as const;
  return replacing(network, { ...config, positions }, { positions: () => zeros([1, numPatches, config.dim]) });
}

/** A patch embedding with a bias where it had none: zeros. */
export function withPatchBias(network: ViTWeights): ViTWeights {
  const { config } = network;
  if (config.patchBias) return network;
  return replacing(network, { ...config, patchBias: true }, { 'patchEmbedding.bias': () => zeros([config.dim]) });
}

/** A scale on each branch where there was none: ones. */
export function withLayerScale(network: ViTWeights): ViTWeights {
  const { config } = network;
  if (config.layerScale) return network;
  const ones = (): NamedArray => ({ shape: [config.dim], data: new Float32Array(config.dim).fill(1) });
  const scales = Array.from({ length: config.depth }, (_, i) => [`blocks.${i}.scale1`, `blocks.${i}.scale2`]).flat();
  const made = Object.fromEntries(scales.map((name) => [name, ones]));
  return replacing(network, { ...config, layerScale: true }, made);
}

/** A head on the class token beside the mean of the patches [2D]: zeros for the half that the head did not read. */
export function withHeadOnTokenAndMean(network: ViTWeights): ViTWeights {
  const { config, parameter } = network;
  const { pooling, dim: D, numClasses } = config;
  if (pooling.kind !== 'class-token' && !(pooling.kind === 'mean' && pooling.norm === 'before')) return network;
  const half = (): NamedArray => zeros([D, numClasses]);
  const kernel = (): NamedArray => {
    const read = parameter('head.kernel');
    return rows([2 * D, numClasses], pooling.kind === 'mean' ? [half(), read] : [read, half()]);
  };
  return replacing(network, { ...config, pooling: { kind: 'class-token-and-mean' } }, { 'head.kernel': kernel });
}

function replacing(
  { parameter }: ViTWeights,
  config: ViTConfig,
  made: Readonly<Record<string, () => NamedArray>>,
): ViTWeights {
  return { config, parameter: (name) => made[name]?.() ?? parameter(name) };
}

function rows(shape: readonly number[], arrays: readonly NamedArray[]): NamedArray {
  const data = new Float32Array(arrays.reduce((total, array) => total + array.data.length, 0));
  let position = 0;
  for (const array of arrays) {
    data.set(array.data, position);
    position += array.data.length;
  }
  return { shape, data };
}

function zeros(shape: readonly number[]): NamedArray {
  return { shape, data: new Float32Array(sizeOf(shape)) };
}
