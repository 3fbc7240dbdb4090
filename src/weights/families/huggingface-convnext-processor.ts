import * as z from 'zod';

import { ConfigError } from '../../errors.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { Side } from '../image-schemas.ts';
import { faultsOf } from '../schema-faults.ts';
import { processorOf } from './huggingface-preprocessing.ts';
import type { Processor, ProcessorConfig } from './huggingface-preprocessing.ts';

/** What ConvNextImageProcessor's file says otherwise than others: one number for two sizes, and the share of the crop. */
const ConvNextProcessor = z.object({
  size: z.union([Side, z.object({ shortest_edge: Side })]).default({ shortest_edge: 384 }),
  crop_pct: z
    .number()
    .positive()
    .max(1)
    .default(224 / 256),
});

/** From here on the image is squashed and not cropped, whatever `crop_pct` says. */
const SQUASHED_FROM = 384;
const BICUBIC = 3;

/**
 * `processorOf` for what may be a ConvNextImageProcessor, with which ResNets and ConvNeXts are published: the shorter edge
 * to ⌊size / crop_pct⌋, then the centre of `size`.
 *
 * @throws ConfigError when the file asks for what patchlens has not.
 */
export function convNextProcessorOf(checkpoint: Checkpoint, fallback: ProcessorConfig): Processor {
  const { where, preprocessor } = checkpoint;
  if (!isConvNext(preprocessor)) return processorOf(checkpoint, fallback);
  const parsed = ConvNextProcessor.safeParse(preprocessor);
  if (!parsed.success) {
    throw new ConfigError(`${where}: preprocessor_config.json: ${faultsOf(parsed.error)}`);
  }
  const { size, crop_pct } = parsed.data;
  const side = typeof size === 'number' ? size : size.shortest_edge;
  const sizes =
    side >= SQUASHED_FROM
      ? { size: side, do_center_crop: false }
      : { size: { shortest_edge: Math.floor(side / crop_pct) }, crop_size: side, do_center_crop: true };
  return processorOf({ ...checkpoint, preprocessor: { resample: BICUBIC, ...preprocessor, ...sizes } }, fallback);
}

const Typed = z.object({ image_processor_type: z.string().optional(), feature_extractor_type: z.string().optional() });

function isConvNext(preprocessor: unknown): preprocessor is object {
  const { data } = Typed.safeParse(preprocessor);
  return (data?.image_processor_type ?? data?.feature_extractor_type ?? '').startsWith('ConvNext');
}
