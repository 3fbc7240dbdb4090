import * as z from 'zod';

import { ConfigError } from '../../errors.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { Deviations, Side, Triple } from '../image-schemas.ts';
import { IMAGENET } from '../preprocessing.ts';
import type { Interpolation, Preprocessing, Resize, Size } from '../preprocessing.ts';
import { faultsOf } from '../schema-faults.ts';

const Square = z.object({ height: Side, width: Side });

/** An image processor's file. Older ones write a number for a square. */
const ProcessorConfig = z.object({
  do_resize: z.literal(true).default(true),
  size: z.union([Side, Square, z.object({ shortest_edge: Side })]),
  resample: z.int().min(0).max(5).default(2),
  do_center_crop: z.boolean().optional(),
  crop_size: z.union([Side, Square]).optional(),
  do_rescale: z.literal(true).default(true),
  rescale_factor: z
    .number()
    .default(1 / 255)
    .refine((factor) => Math.abs(factor * 255 - 1) < 1e-6, 'expected 1/255'),
  do_normalize: z.boolean().default(true),
  image_mean: Triple.default([0.5, 0.5, 0.5]),
  image_std: Deviations.default([0.5, 0.5, 0.5]),
});
/** The settings as they are written; what is left out has the processor class's default. */
export type ProcessorConfig = z.input<typeof ProcessorConfig>;

export const IMAGENET_PROCESSOR = {
  image_mean: [...IMAGENET.mean],
  image_std: [...IMAGENET.std],
} satisfies Partial<ProcessorConfig>;

/** Pillow's numbers for its filters; nearest (0) and Hamming (5) no published ViT uses. */
const FILTERS: Readonly<Record<number, Interpolation>> = { 1: 'lanczos', 2: 'bilinear', 3: 'bicubic', 4: 'box' };

export interface Processor {
  /** The size of what it hands to the model. */
  readonly imageSize: Size;
  readonly preprocessingAt: (imageSize: Size) => Preprocessing;
  /** A sentence for the user where the recipe is the family's and not the checkpoint's. */
  readonly assumption: string | undefined;
}

/**
 * The recipe of `preprocessor_config.json`, or `fallback`, which is what the family publishes, where there is no such file.
 *
 * @throws ConfigError when the file asks for what patchlens has not.
 */
export function processorOf({ where, preprocessor }: Checkpoint, fallback: ProcessorConfig): Processor {
  const parsed = ProcessorConfig.safeParse(preprocessor ?? fallback);
  if (!parsed.success) {
    throw new ConfigError(`${where}: preprocessor_config.json: ${faultsOf(parsed.error)}`);
  }
  const { size, crop_size, do_center_crop, resample, do_normalize, image_mean, image_std } = parsed.data;
  const resize: Resize =
    typeof size === 'object' && 'shortest_edge' in size
      ? { kind: 'shorter-edge', size: size.shortest_edge }
      : { kind: 'squash', size: squareOf(size) };
  const crop = (do_center_crop ?? crop_size !== undefined) && crop_size !== undefined ? squareOf(crop_size) : undefined;
  const imageSize = crop ?? (resize.kind === 'squash' ? resize.size : undefined);
  const interpolation = FILTERS[resample];
  if (imageSize === undefined || interpolation === undefined) {
    const wrong = imageSize === undefined ? 'a crop or a fixed size' : 'resample 1, 2, 3 or 4';
    throw new ConfigError(
      `${where}: preprocessor_config.json: expected ${wrong}, got ${JSON.stringify({ size, resample })}`,
    );
  }
  return {
    imageSize,
    assumption:
      preprocessor === undefined
        ? 'no preprocessor_config.json: images are prepared as its family publishes'
        : undefined,
    preprocessingAt: (wanted) => ({
      imageSize: wanted,
      resize: scaled(resize, imageSize, wanted),
      interpolation,
      cropRounding: 'floor',
      mean: do_normalize ? image_mean : [0, 0, 0],
      std: do_normalize ? image_std : [1, 1, 1],
    }),
  };
}

function squareOf(size: number | Size): Size {
  return typeof size === 'number' ? { height: size, width: size } : { height: size.height, width: size.width };
}

/** The same share of the image at another size. */
function scaled(resize: Resize, from: Size, to: Size): Resize {
  const height = to.height / from.height;
  const width = to.width / from.width;
  if (height === 1 && width === 1) return resize;
  if (resize.kind === 'shorter-edge') {
    return {
      kind: 'cover',
      size: { height: Math.round(resize.size * height), width: Math.round(resize.size * width) },
    };
  }
  const { size } = resize;
  return { ...resize, size: { height: Math.round(size.height * height), width: Math.round(size.width * width) } };
}
