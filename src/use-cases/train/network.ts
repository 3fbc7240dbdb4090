import { smallResNet } from '../../cnn/resnet-variants.ts';
import { ArgumentError } from '../../errors.ts';
import type { ImageSource } from '../../training/labelled-images.ts';
import { SIZES, variant } from '../../vit/variants.ts';
import type { SizeName } from '../../vit/variants.ts';
import type { ViTConfig } from '../../weights/architecture.ts';
import { MOST_STRIDE } from '../../weights/cnn-architecture.ts';
import type { ResNetConfig } from '../../weights/cnn-architecture.ts';
import type { Interpolation, Preprocessing, Rgb, Size } from '../../weights/preprocessing.ts';

/** A network to train from nothing. */
export type NetworkChoice = ViTChoice | ResNetChoice;

/** A ResNet of basic blocks with a stem for small images (He et al. 2016, section 4.2). */
export interface ResNetChoice {
  readonly kind: 'resnet';
  readonly imageSize?: Size | undefined;
  /** Blocks of each stage; ResNet-20 has 3, 3, 3. */
  readonly depths: readonly number[];
  /** Channels of each stage; ResNet-20 has 16, 32, 64. */
  readonly widths: readonly number[];
  /** How the first block of a stage divides height and width; default `stride`. */
  readonly downsample?: ResNetConfig['downsample'] | undefined;
  /** By how much each stage divides height and width; default 1 of the first, 2 of the others. */
  readonly strides?: readonly number[] | undefined;
}

export interface ViTChoice {
  readonly kind: 'vit';
  /** A published size, which the rest may change. */
  readonly size: SizeName;
  readonly patchSize?: number | undefined;
  readonly imageSize?: Size | undefined;
  readonly dim?: number | undefined;
  readonly depth?: number | undefined;
  readonly numHeads?: number | undefined;
  /** With DeiT's distillation token and a head for it. */
  readonly distilled?: boolean | undefined;
}

const SMALL_IMAGE = { height: 32, width: 32 };

/** Small networks for images of 32 pixels, of about equal cost in pairs, to be held against each other. */
export const NAMED_NETWORKS = {
  'vit-4-64': { kind: 'vit', size: 'Ti', patchSize: 4, imageSize: SMALL_IMAGE, dim: 64, depth: 4, numHeads: 4 },
  'resnet-8': { kind: 'resnet', imageSize: SMALL_IMAGE, depths: [1, 1, 1], widths: [16, 32, 64] },
  'vit-6-128': { kind: 'vit', size: 'Ti', patchSize: 4, imageSize: SMALL_IMAGE, dim: 128, depth: 6, numHeads: 4 },
  'resnet-20': { kind: 'resnet', imageSize: SMALL_IMAGE, depths: [3, 3, 3], widths: [16, 32, 64] },
} as const satisfies Record<string, NetworkChoice>;
export type NetworkName = keyof typeof NAMED_NETWORKS;

const SMALL_SIDE = 32;

/** The pixels that images are brought to. */
export function imageSizeOf({ kind, imageSize }: NetworkChoice): Size {
  const side = kind === 'vit' ? DEFAULT_SIDE : SMALL_SIDE;
  return imageSize ?? { height: side, width: side };
}

const DEFAULT_PATCH = 16;
const DEFAULT_SIDE = 224;
const MLP_RATIO = 4;

/** @throws ArgumentError for strides that are not one for each stage, as a configuration may have them. */
export function resNetConfigOf(choice: ResNetChoice, numClasses: number): ResNetConfig {
  const { depths, strides } = choice;
  if (strides !== undefined && (strides.length !== depths.length || !strides.every(isStride))) {
    throw new ArgumentError(
      `strides: expected an integer from 1 to ${MOST_STRIDE} for each of ${depths.length} stages, got ${strides.join(', ') || 'none'}`,
    );
  }
  return smallResNet({ ...choice, numClasses });
}

function isStride(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= MOST_STRIDE;
}

/** @throws ArgumentError when the parts do not fit together. */
export function vitConfigOf(choice: ViTChoice, numClasses: number): ViTConfig {
  const { size, patchSize = DEFAULT_PATCH, distilled = false } = choice;
  const imageSize = imageSizeOf(choice);
  const { dim = SIZES[size].dim, depth = SIZES[size].depth, numHeads = SIZES[size].numHeads } = choice;
  if (dim % numHeads !== 0) throw new ArgumentError(`heads: expected a divisor of the width ${dim}, got ${numHeads}`);
  return variant(size, patchSize, {
    imageSize,
    dim,
    depth,
    numHeads,
    numClasses,
    mlp: { kind: 'plain', hiddenDim: MLP_RATIO * dim, activation: 'gelu' },
    ...(distilled && {
      prefix: { classToken: true, distillationToken: true, numRegisters: 0 },
      positions: { kind: 'learned', numPrefix: 2, resample: 'bicubic-antialias' },
      pooling: { kind: 'distilled' },
    }),
  });
}

/** Shorter edge to the size and the centre of that, normalised by what the images themselves are like. */
export async function preprocessingFor(
  imageSize: Size,
  interpolation: Interpolation,
  source: ImageSource,
): Promise<Preprocessing> {
  const { height, width } = imageSize;
  const resize =
    height === width
      ? ({ kind: 'shorter-edge', size: height } as const)
      : ({ kind: 'cover', size: imageSize } as const);
  return { imageSize, resize, interpolation, cropRounding: 'half-even', ...(await colourOf(source)) };
}

/** Enough for three digits. */
const MEASURED_IMAGES = 2000;

/** Mean and deviation of each channel, of pixels scaled to 0…1, to four digits; of every n-th image. */
async function colourOf(source: ImageSource): Promise<{ readonly mean: Rgb; readonly std: Rgb }> {
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  let pixels = 0;
  const stride = Math.max(1, Math.floor(source.length / MEASURED_IMAGES));
  for (let i = 0; i < source.length; i += stride) {
    const { data } = await source.imageAt(i);
    pixels += data.length / 3;
    for (let at = 0; at < data.length; at += 1) {
      const value = data[at]! / 255;
      sums[at % 3]! += value;
      squares[at % 3]! += value * value;
    }
  }
  const mean = sums.map((sum) => sum / pixels);
  // Of images of a single colour it is zero, by which nothing can be divided.
  const std = squares.map((sum, c) => rounded(Math.sqrt(Math.max(0, sum / pixels - mean[c]! ** 2))) || 1);
  return { mean: [rounded(mean[0]!), rounded(mean[1]!), rounded(mean[2]!)], std: [std[0]!, std[1]!, std[2]!] };
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}
