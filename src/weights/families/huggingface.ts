import * as z from 'zod';

import { ConfigError } from '../../errors.ts';
import { shapeOf } from '../arrays.ts';
import type { Mlp, Activation, ViTConfig } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { Side } from '../image-schemas.ts';
import type { Size } from '../preprocessing.ts';
import { faultsOf } from '../schema-faults.ts';

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  quick_gelu: 'gelu-quick',
  relu: 'relu',
};

/** What a transformers `config.json` says of a model of any architecture. */
export const HuggingFaceBase = z.object({
  architectures: z.array(z.string()).optional(),
  model_type: z.string().optional(),
  id2label: z.record(z.string(), z.string()).optional(),
});
export type HuggingFaceBase = z.infer<typeof HuggingFaceBase>;

/** The part of it that a Vision Transformer is made of. */
const HuggingFaceConfig = z.object({
  ...HuggingFaceBase.shape,
  image_size: z.union([Side, z.tuple([Side, Side])]).default(224),
  num_attention_heads: z.int().min(1).max(256),
  hidden_act: z.enum(Object.keys(ACTIVATIONS)).default('gelu'),
  layer_norm_eps: z.number().positive().max(0.1),
});
export type HuggingFaceConfig = z.infer<typeof HuggingFaceConfig>;

/** A Vision Transformer's configuration. @throws ConfigError as `parseHuggingFace`. */
export function parseHuggingFaceConfig(checkpoint: Checkpoint): HuggingFaceConfig {
  return parseHuggingFace(HuggingFaceConfig, checkpoint);
}

/** @throws ConfigError when config.json is missing or not of this form. */
export function parseHuggingFace<Config>(schema: z.ZodType<Config>, { where, config }: Checkpoint): Config {
  if (config === undefined) {
    throw new ConfigError(
      `${where}: expected a config.json beside the weights: it holds what the tensors do not show, and the labels`,
    );
  }
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${where}: config.json: expected a transformers configuration: ${faultsOf(parsed.error)}`);
}

/** The name of the published model: its class, else its type. */
export function architectureOf({ architectures, model_type }: HuggingFaceBase): string {
  return architectures?.[0] ?? model_type ?? 'vit';
}

/** What ViT, DeiT and DINOv2 share: sizes from the tensors, numerics from the configuration. */
export function sharedConfig(checkpoint: Checkpoint, published: HuggingFaceConfig, prefix: string) {
  const { arrays, where } = checkpoint;
  const projection = `${prefix}.embeddings.patch_embeddings.projection`;
  const [dim = 0, numChannels = 0, patchSize = 0] = shapeOf(arrays, `${projection}.weight`, 4, where);
  let depth = 0;
  while (arrays.has(`${prefix}.encoder.layer.${depth}.attention.output.dense.weight`)) depth += 1;
  return {
    kind: 'vit',
    imageSize: sizeOf(published.image_size),
    patchSize,
    numChannels,
    patchBias: arrays.has(`${projection}.bias`),
    dim,
    depth,
    numHeads: published.num_attention_heads,
    epsilon: published.layer_norm_eps,
    qkvBias: arrays.has(`${prefix}.encoder.layer.0.attention.attention.query.bias`),
    qkNorm: false,
    inputNorm: false,
  } satisfies Partial<ViTConfig>;
}

function sizeOf(size: HuggingFaceConfig['image_size']): Size {
  return typeof size === 'number' ? { height: size, width: size } : { height: size[0], width: size[1] };
}

export function plainMlp(published: HuggingFaceConfig, hiddenDim: number): Mlp {
  return { kind: 'plain', hiddenDim, activation: ACTIVATIONS[published.hidden_act] ?? 'gelu' };
}

/** `id2label` in index order; undefined when it names nothing but LABEL_0, LABEL_1, … */
export function labelsOf({ id2label }: HuggingFaceBase, numClasses: number, where: string): string[] | undefined {
  if (id2label === undefined) return undefined;
  const labels = Array.from({ length: numClasses }, (_, i) => id2label[i]);
  const named = labels.filter((label) => label !== undefined);
  if (named.length !== numClasses || Object.keys(id2label).length !== numClasses) {
    throw new ConfigError(
      `${where}: config.json: id2label: expected a name for each of ${numClasses} classes, got ${Object.keys(id2label).length}`,
    );
  }
  return named.every((label, i) => label === `LABEL_${i}`) ? undefined : named;
}
