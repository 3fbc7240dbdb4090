import ndarray, { type NdArray, type TypedArray } from 'ndarray';
import { ShapeError } from '../errors.ts';

/**
 * An image cut into squares, without a copy: [H, W, C] → [Gh, Gw, P, P, C], whatever the strides.
 *
 * @throws {ShapeError} when the image is not rank 3 or its sides are no multiples of `patchSize`
 */
export function patchView<Data extends TypedArray>(image: NdArray<Data>, patchSize: number): NdArray<Data> {
  const [height, width, channels] = sidesOf(image, patchSize);
  const [down, across, channel] = stridesOf(image);
  const P = patchSize;
  const shape = [height / P, width / P, P, P, channels];
  return ndarray(image.data, shape, [down * P, across * P, down, across, channel], image.offset);
}

/**
 * The patches as rows, left to right and top to bottom: [H, W, C] → [N, P · P · C], each patch flattened in the order
 * (row, column, channel). A linear layer on these rows is a convolution with kernel and stride P (Dosovitskiy et al.
 * 2021, eq. 1). Written to `out` from `offset` on, and returned.
 *
 * @throws {ShapeError} as `patchView`, or when `out` has no room for them
 */
export function patchify(
  image: NdArray<Float32Array>,
  patchSize: number,
  out?: Float32Array,
  offset = 0,
): Float32Array {
  const [height, width, channels] = sidesOf(image, patchSize);
  const size = height * width * channels;
  const rows = out ?? new Float32Array(offset + size);
  if (offset < 0 || offset + size > rows.length) {
    throw new ShapeError(
      `patchify: expected room for ${size} values in out, got ${rows.length} of which ${offset} are taken`,
    );
  }
  const [, across, channel] = stridesOf(image);
  const copy = channel === 1 && across === channels ? copyContiguous : copyStrided;
  const view = patchView(image, patchSize);
  const [gridHeight, gridWidth] = [height / patchSize, width / patchSize];
  let to = offset;
  for (let gy = 0; gy < gridHeight; gy++) {
    for (let gx = 0; gx < gridWidth; gx++) {
      for (let y = 0; y < patchSize; y++, to += patchSize * channels) {
        copy(image, view.index(gy, gx, y, 0, 0), patchSize, channels, rows, to);
      }
    }
  }
  return rows;
}

type CopyPatchRow = (
  image: NdArray<Float32Array>,
  from: number,
  patchSize: number,
  channels: number,
  out: Float32Array,
  to: number,
) => void;

const copyContiguous: CopyPatchRow = ({ data }, from, patchSize, channels, out, to) => {
  // A patch row is a few dozen floats, for which this loop beats `out.set(data.subarray(…))`.
  for (let i = 0; i < patchSize * channels; i++) out[to + i] = data[from + i]!;
};

const copyStrided: CopyPatchRow = (image, from, patchSize, channels, out, to) => {
  const [, across, channel] = stridesOf(image);
  for (let x = 0; x < patchSize; x++) {
    for (let c = 0; c < channels; c++) out[to + x * channels + c] = image.data[from + x * across + c * channel]!;
  }
};

type Triple = readonly [number, number, number];

function sidesOf({ shape }: NdArray<TypedArray>, patchSize: number): Triple {
  const [height, width, channels] = shape;
  const divides = (side: number | undefined): side is number =>
    side !== undefined && side > 0 && side % patchSize === 0;
  if (shape.length !== 3 || !Number.isInteger(patchSize) || !divides(height) || !divides(width) || !channels) {
    const got = `[${shape.join(', ')}]`;
    throw new ShapeError(`patches: expected [H, W, C] with H and W multiples of ${patchSize}, got ${got}`);
  }
  return [height, width, channels];
}

function stridesOf({ stride }: NdArray<TypedArray>): Triple {
  const [down = 0, across = 0, channel = 0] = stride;
  return [down, across, channel];
}
