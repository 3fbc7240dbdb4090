import type {
  ConcatAttrs,
  PadV2Attrs,
  SliceAttrs,
  SplitVAttrs,
  Tensor,
  TensorInfo,
  TileAttrs,
  TransposeAttrs,
} from '@tensorflow/tfjs-core';

import { Concat, PadV2, Slice, SplitV, Tile, Transpose, backend_util, slice_util, util } from '../../tfjs.ts';
import type { Device } from './forward.ts';
import { isCopyable, stridedCopy, stridesOf } from './strided-copy.ts';
import type { View } from './strided-copy.ts';

/**
 * Kernels that move floats about and compute nothing, by tfjs's names: those of a network's forward and backward pass.
 * Each is undefined where the stock one is to do it.
 */
export const MOVEMENTS = {
  [Transpose]: transpose,
  [Slice]: slice,
  [SplitV]: split,
  [Concat]: concat,
  [PadV2]: pad,
  [Tile]: tile,
} as const;

function transpose([x]: readonly Tensor[], { perm }: TransposeAttrs, device: Device): TensorInfo | undefined {
  const shape = perm.map((axis) => x!.shape[axis]!);
  const strides = stridesOf(x!.shape);
  return copied(
    Transpose,
    x!,
    shape,
    0,
    perm.map((axis) => strides[axis]!),
    device,
  );
}

function slice([x]: readonly Tensor[], attrs: SliceAttrs, device: Device): TensorInfo | undefined {
  const [begin = [], size = []] = slice_util.parseSliceParams(x!, attrs.begin, attrs.size);
  slice_util.assertParamsValid(x!, begin, size);
  const strides = stridesOf(x!.shape);
  if (slice_util.isSliceContinous(x!.shape, begin, size)) {
    return viewed(wholeOf(Slice, x!, device).values, dot(begin, strides), size, device);
  }
  return copied(Slice, x!, size, dot(begin, strides), strides, device);
}

function split(
  [x]: readonly Tensor[],
  { numOrSizeSplits, axis }: SplitVAttrs,
  device: Device,
): TensorInfo[] | undefined {
  const [along = 0] = util.parseAxisParam(axis, x!.shape);
  const strides = stridesOf(x!.shape);
  if (x!.rank > 6) return undefined;
  let offset = 0;
  return backend_util.prepareSplitSize(x!, numOrSizeSplits, along).map((size) => {
    const shape = x!.shape.map((whole, i) => (i === along ? size : whole));
    const part = copied(SplitV, x!, shape, offset, strides, device);
    offset += size * strides[along]!;
    return part!;
  });
}

function concat(inputs: readonly Tensor[], { axis }: ConcatAttrs, device: Device): TensorInfo | undefined {
  const [first] = inputs;
  const shapes = inputs.map(({ shape }) => shape);
  const [along = 0] = util.parseAxisParam(axis, first!.shape);
  backend_util.assertParamsConsistent(shapes, along);
  const shape = backend_util.computeOutShape(shapes, along);
  const strides = stridesOf(shape);
  if (!inputs.every((x) => isCopyable(x.shape, stridesOf(x.shape), strides))) return undefined;
  const { info, values } = device.backend.output(shape);
  let offset = 0;
  for (const x of inputs) {
    stridedCopy(x.shape, wholeOf(Concat, x, device), { values, offset, strides }, device);
    offset += (x.shape[along] ?? 0) * strides[along]!;
  }
  return info;
}

function pad([x]: readonly Tensor[], { paddings, constantValue }: PadV2Attrs, device: Device): TensorInfo | undefined {
  const shape = x!.shape.map((size, i) => size + paddings[i]![0] + paddings[i]![1]);
  const strides = stridesOf(shape);
  if (!isCopyable(x!.shape, stridesOf(x!.shape), strides)) return undefined;
  const { info, values } = device.backend.output(shape);
  device.backend.spoilRecording();
  values.fill(constantValue);
  const offset = dot(
    paddings.map(([before]) => before),
    strides,
  );
  stridedCopy(x!.shape, wholeOf(PadV2, x!, device), { values, offset, strides }, device);
  return info;
}

/** Each axis becomes two, how often and how long, of which only the second moves along the input. */
function tile([x]: readonly Tensor[], { reps }: TileAttrs, device: Device): TensorInfo | undefined {
  const shape = reps.flatMap((times, i) => [times, x!.shape[i]!]);
  const strides = stridesOf(x!.shape).flatMap((stride) => [0, stride]);
  const tiled = copied(Tile, x!, shape, 0, strides, device);
  return tiled && { ...tiled, shape: reps.map((times, i) => times * x!.shape[i]!) };
}

/** A tensor over a part of another one's memory, which nobody else will be given then. */
function viewed(values: Float32Array, offset: number, shape: number[], { backend }: Device): TensorInfo {
  const part = values.subarray(offset, offset + util.sizeFromShape(shape));
  return { dataId: backend.write(part, shape, 'float32'), shape, dtype: 'float32' };
}

/** A new tensor of a shape, read from x by an offset and strides. */
function copied(
  kernel: string,
  x: Tensor,
  shape: readonly number[],
  offset: number,
  strides: readonly number[],
  device: Device,
): TensorInfo | undefined {
  const own = stridesOf(shape);
  if (!isCopyable(shape, strides, own)) return undefined;
  const { info, values } = device.backend.output(shape);
  stridedCopy(
    shape,
    { values: device.backend.floatsOf(kernel, x), offset, strides },
    { values, offset: 0, strides: own },
    device,
  );
  return info;
}

function wholeOf(kernel: string, x: Tensor, { backend }: Device): View {
  return { values: backend.floatsOf(kernel, x), offset: 0, strides: stridesOf(x.shape) };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
