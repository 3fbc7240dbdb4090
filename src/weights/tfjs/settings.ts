import { join } from 'node:path';

import * as z from 'zod';

import { ConfigError } from '../../errors.ts';
import { Side, Triple } from '../image-schemas.ts';
import { readJson } from '../json-file.ts';
import { RESIZES, TENSORFLOW_INTERPOLATIONS } from '../preprocessing.ts';
import { faultsOf } from '../schema-faults.ts';

/** What lies beside a `model.json` to say what that leaves open. */
export const SETTINGS_FILE = 'patchlens.json';

const MAX_LABELS = 1_000_000;

/** A number for all three channels, or three. */
const Channels = z.union([z.number(), Triple]).transform((value) => (Array.isArray(value) ? value : spread(value)));

function spread(value: number): [number, number, number] {
  return [value, value, value];
}

// Strict: a slip in a name would leave the default in force without a word.
const Settings = z.strictObject({
  imageSize: z.union([Side, z.strictObject({ height: Side, width: Side })]).optional(),
  resize: z.enum(RESIZES).optional(),
  /** Share of the resized image's edge that the centre crop keeps. */
  crop: z.number().min(0.01).max(1).optional(),
  interpolation: z.enum(TENSORFLOW_INTERPOLATIONS).optional(),
  mean: Channels.optional(),
  std: Channels.refine((std) => std.every((s) => s > 0), 'expected positive deviations').optional(),
  /** One name per class, in index order. */
  labels: z.array(z.string()).max(MAX_LABELS).optional(),
  /** Whether the outputs have been through a softmax; else it is looked for in the network. */
  output: z.enum(['probabilities', 'logits']).optional(),
});
export type TfjsSettings = z.infer<typeof Settings>;

/** @throws ConfigError when the file is there and not of this form. */
export async function readTfjsSettings(folder: string): Promise<TfjsSettings> {
  const path = join(folder, SETTINGS_FILE);
  const json = await readJson(path);
  if (json === undefined) return {};
  const parsed = Settings.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${path}: expected settings of a TensorFlow.js model: ${faultsOf(parsed.error)}`);
}
