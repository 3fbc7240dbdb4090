import * as z from 'zod';

import { WeightsError } from '../../errors.ts';
import { isPlainFileName } from '../file-name.ts';
import { readJson } from '../json-file.ts';
import { faultsOf } from '../schema-faults.ts';

/** A TensorFlow.js model as its `model.json` says it: layers as Keras has them, or a graph of TensorFlow operations. */
export interface TfjsFile {
  readonly format: 'layers-model' | 'graph-model';
  /** Parsed, not yet understood. */
  readonly topology: Topology;
  /** The names of a graph's inputs and outputs, where it has them. */
  readonly signature: Topology | undefined;
  /** In the order of their bytes. */
  readonly groups: readonly WeightGroup[];
}

/** Weights whose bytes lie one after the other in files beside `model.json`. */
export interface WeightGroup {
  readonly files: readonly string[];
  readonly weights: readonly WeightSpec[];
}

/** One weight: `quantization` where its bytes are not of its own type. */
export type WeightSpec = z.infer<typeof Weight>;

const MAX_RANK = 8;

const Weight = z.object({
  name: z.string().refine((name) => name !== '__proto__'),
  shape: z.array(z.int().min(0)).max(MAX_RANK),
  // Strings have no size before they are read, and no image classifier has complex numbers.
  dtype: z.enum(['float32', 'int32', 'bool']),
  group: z.enum(['model', 'optimizer']).optional(),
  quantization: z
    .discriminatedUnion('dtype', [
      z.object({ dtype: z.enum(['uint8', 'uint16']), min: z.number(), scale: z.number() }),
      z.object({ dtype: z.literal('float16') }),
    ])
    .optional(),
});

const Json = z.record(z.string(), z.json());
export type Topology = z.infer<typeof Json>;

const ModelJson = z.object({
  format: z.enum(['layers-model', 'graph-model']).optional(),
  modelTopology: Json,
  signature: Json.nullish(),
  weightsManifest: z.array(z.object({ paths: z.array(z.string()).min(1), weights: z.array(Weight) })),
});

/**
 * Reads `model.json`, not the weights.
 *
 * @throws ConfigError when it is no JSON, WeightsError when it is no TensorFlow.js model or names files elsewhere.
 */
export async function readTfjsFile(path: string): Promise<TfjsFile> {
  const parsed = ModelJson.safeParse(await readJson(path));
  if (!parsed.success) {
    throw new WeightsError(`${path}: expected a TensorFlow.js model with its weights: ${faultsOf(parsed.error)}`);
  }
  const { format, modelTopology, signature, weightsManifest } = parsed.data;
  for (const file of weightsManifest.flatMap(({ paths }) => paths)) {
    if (isPlainFileName(file)) continue;
    throw new WeightsError(`${path}: expected the names of weights files beside it, got ${JSON.stringify(file)}`);
  }
  return {
    // What was written before TensorFlow.js 1.0 has no format.
    format: format ?? ('node' in modelTopology ? 'graph-model' : 'layers-model'),
    topology: modelTopology,
    signature: signature ?? undefined,
    groups: weightsManifest.map(({ paths, weights }) => ({ files: paths, weights })),
  };
}
