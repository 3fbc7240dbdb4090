import * as z from 'zod';

import { ConfigError } from '../../errors.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { Deviations, Side, Triple } from '../image-schemas.ts';
import { IMAGENET, INTERPOLATIONS } from '../preprocessing.ts';
import type { Preprocessing, Size } from '../preprocessing.ts';
import { faultsOf } from '../schema-faults.ts';

const PretrainedConfig = z.object({
  input_size: z.tuple([z.int().min(1), Side, Side]).default([3, 224, 224]),
  // timm's own defaults where a configuration is silent (timm.data.constants).
  crop_pct: z.number().positive().max(1).default(0.875),
  crop_mode: z.enum(['center', 'squash', 'border']).default('center'),
  interpolation: z.enum(INTERPOLATIONS).default('bicubic'),
  mean: Triple.default([...IMAGENET.mean]),
  std: Deviations.default([...IMAGENET.std]),
});
type PretrainedConfig = z.infer<typeof PretrainedConfig>;

/** What timm's `config.json` says of a model of any architecture. */
export const TimmBase = z.object({
  architecture: z.string(),
  pretrained_cfg: PretrainedConfig,
  label_names: z.array(z.string()).optional(),
  label_descriptions: z.record(z.string(), z.string()).optional(),
});
export type TimmBase = z.infer<typeof TimmBase>;

/** @throws ConfigError when config.json is missing or not of this form. */
export function parseTimmConfig<Config>(schema: z.ZodType<Config>, { where, config }: Checkpoint): Config {
  if (config === undefined) {
    throw new ConfigError(
      `${where}: expected a config.json beside the weights: it holds the preprocessing and the labels`,
    );
  }
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${where}: config.json: expected a timm configuration: ${faultsOf(parsed.error)}`);
}

/** The size in pixels that a model was made for. */
export function timmImageSize({ pretrained_cfg }: TimmBase): Size {
  const [, height, width] = pretrained_cfg.input_size;
  return { height, width };
}

/** A name for each class, described where the file describes them; undefined when it names none. */
export function timmLabels(published: TimmBase, numClasses: number, where: string): string[] | undefined {
  const { label_names, label_descriptions = {} } = published;
  if (label_names === undefined) return undefined;
  if (label_names.length !== numClasses) {
    throw new ConfigError(
      `${where}: config.json: label_names: expected ${numClasses} names, got ${label_names.length}`,
    );
  }
  return label_names.map((name) =>
    Object.hasOwn(label_descriptions, name) ? (label_descriptions[name] ?? name) : name,
  );
}

/** timm.data.create_transform for evaluation. */
export function timmPreprocessing(published: PretrainedConfig, imageSize: Size): Preprocessing {
  const { crop_pct, crop_mode, mean, std } = published;
  const size = { height: Math.floor(imageSize.height / crop_pct), width: Math.floor(imageSize.width / crop_pct) };
  const resize = resizeOf(crop_mode, size);
  // timm's transform for sides that differ takes bilinear whatever the configuration says (timm 1.0.29).
  const interpolation = resize.kind === 'cover' ? 'bilinear' : published.interpolation;
  return { imageSize, resize, interpolation, cropRounding: 'half-even', mean, std };
}

function resizeOf(mode: PretrainedConfig['crop_mode'], size: Size): Preprocessing['resize'] {
  switch (mode) {
    case 'center':
      return size.height === size.width ? { kind: 'shorter-edge', size: size.height } : { kind: 'cover', size };
    case 'squash':
      return { kind: 'squash', size };
    case 'border':
      return { kind: 'border', size };
  }
}
