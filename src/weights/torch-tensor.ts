import type { ViTConfig } from './architecture.ts';
import { partOf, sizeOf, transpose } from './arrays.ts';
import type { NamedArray } from './arrays.ts';
import { convolutionKernel, depthwiseKernel, patchConvolution, patchKernel, torchConvolution } from './convolutions.ts';
import type { Source } from './family.ts';

/**
 * A tensor of a PyTorch checkpoint that is a parameter of ours, or holds it beside others. It is said once and used both
 * ways: to read a checkpoint and to write one.
 */
export interface TorchTensor {
  readonly name: string;
  readonly layout: TorchLayout;
  /** In a fused or packed tensor, which of the equal parts of its first axis. */
  readonly part?: readonly [index: number, count: number];
}

/**
 * `linear` is [out, in] for our [in, out]; `patches` is the convolution [D, C, P, P] for our [P·P·C, D]; `convolution` is
 * [out, in, k, k] for our [k, k, in, out], and `depthwise` [C, 1, k, k] for our [k, k, C, 1].
 */
type TorchLayout = 'same' | 'linear' | 'patches' | 'convolution' | 'depthwise';

/** The parameter out of its tensor. */
export function sourceFrom({ name, layout, part }: TorchTensor): Source {
  const convert = FROM_TORCH[layout];
  return { name, convert: part === undefined ? convert : (array) => convert(partOf(array, ...part)) };
}

const FROM_TORCH: Readonly<Record<TorchLayout, Source['convert']>> = {
  same: (array) => array,
  linear: transpose,
  patches: patchKernel,
  convolution: convolutionKernel,
  depthwise: depthwiseKernel,
};

/** What a flattened patch was cut from. */
type PatchShape = Pick<ViTConfig, 'patchSize' | 'numChannels'>;

/** A tensor of a file to be, whose values are made when they are asked for. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: () => Float32Array;
}

/**
 * The tensors that hold all of these parameters, fused where the library fuses.
 *
 * @param shapes every parameter's shape, by dotted name.
 * @param parameter makes one parameter; asked for it each time that its tensor's values are.
 */
export function torchTensors(
  shapes: ReadonlyMap<string, readonly number[]>,
  tensorOf: (parameter: string) => TorchTensor,
  parameter: (name: string) => NamedArray,
  config: PatchShape,
): TensorToWrite[] {
  const parts = new Map<string, { shape: readonly number[]; values: (() => Float32Array)[] }>();
  for (const [dotted, shape] of shapes) {
    const { name, layout, part: [index, count] = [0, 1] } = tensorOf(dotted);
    const [length = 1, ...rest] = torchShape(shape, layout, config);
    const tensor = parts.get(name) ?? { shape: shape.length === 0 ? [] : [length * count, ...rest], values: [] };
    tensor.values[index] = () => intoTorch(parameter(dotted), layout, config).data;
    parts.set(name, tensor);
  }
  return [...parts].map(([name, { shape, values }]) => ({ name, shape, values: () => joined(values, sizeOf(shape)) }));
}

function torchShape(shape: readonly number[], layout: TorchLayout, config: PatchShape): readonly number[] {
  const { patchSize: P, numChannels: C } = config;
  const [first = 0, second = 0, third = 0, fourth = 0] = shape;
  switch (layout) {
    case 'same':
      return shape;
    case 'linear':
      return [second, first];
    case 'patches':
      return [second, C, P, P];
    case 'convolution':
      return [fourth, third, first, second];
    case 'depthwise':
      return [third, fourth, first, second];
  }
}

function intoTorch(array: NamedArray, layout: TorchLayout, { patchSize, numChannels }: PatchShape): NamedArray {
  switch (layout) {
    case 'same':
      return array;
    case 'linear':
      return transpose(array);
    case 'patches':
      return patchConvolution(array, patchSize, numChannels);
    case 'convolution':
    case 'depthwise':
      return torchConvolution(array, layout === 'depthwise');
  }
}

function joined(parts: readonly (() => Float32Array)[], size: number): Float32Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only();
  const all = new Float32Array(size);
  let position = 0;
  for (const part of parts) {
    const values = part();
    all.set(values, position);
    position += values.length;
  }
  return all;
}
