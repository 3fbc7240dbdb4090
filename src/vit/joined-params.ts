import type { AttentionForm } from '../nn/attend.ts';
import type { ViTConfig } from '../weights/architecture.ts';
import { tokensRead } from './forward.ts';
import { vitParams } from './params.ts';
import type { Leaf, ViTParams } from './params.ts';

/** What the leaves of a tree are made from. */
export interface Parts<Part, T> {
  /** A parameter of the configuration by its name. */
  readonly part: Leaf<Part>;
  /** Several with equal shapes but for the last axis, one after the other along it. */
  readonly join: (parts: readonly Part[]) => Part;
  readonly place: (whole: Part) => T;
}

/**
 * The parameters with query, key and value of a block as one product in place of three wherever they go on as they are: in
 * plain attention, but not in a last block of which the head reads a few tokens, for then only those need a query.
 *
 * @param form as `attentionForm` gives it.
 */
export function joinedParams<Part, T>(
  config: ViTConfig,
  form: AttentionForm | undefined,
  { part, join, place }: Parts<Part, T>,
): ViTParams<T> {
  const { attention, depth, qkNorm } = config;
  if (form !== undefined || qkNorm || attention?.qkv === 'fused') {
    return vitParams(config, (name, shape) => place(part(name, shape)));
  }
  const last = tokensRead(config) === undefined ? depth : depth - 1;
  const leaf: Leaf<T> = (name, shape) => place(joined(part, join, name, shape));
  return vitParams(config, leaf, (block) => block < last);
}

/** The part of a name, or what is asked for as `qkv`, made of query, key and value. */
function joined<Part>(
  part: Leaf<Part>,
  join: (parts: readonly Part[]) => Part,
  name: string,
  shape: readonly number[],
): Part {
  const [, layer, leaf] = /^(.*)\.qkv\.(kernel|bias)$/.exec(name) ?? [];
  if (layer === undefined) return part(name, shape);
  const third = [...shape.slice(0, -1), (shape.at(-1) ?? 0) / 3];
  return join(['query', 'key', 'value'].map((each) => part(`${layer}.${each}.${leaf}`, third)));
}
