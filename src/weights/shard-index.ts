import * as z from 'zod';

import { WeightsError } from '../errors.ts';
import { isPlainFileName } from './file-name.ts';
import { readJson } from './json-file.ts';
import { faultsOf } from './schema-faults.ts';

/** What `model.safetensors.index.json` says. */
export interface ShardIndex {
  /** The tensors that each file beside the index holds. */
  readonly shards: ReadonlyMap<string, readonly string[]>;
  /** Of all tensors, in bytes, where the index says so. */
  readonly totalBytes: number | undefined;
}

const Index = z.object({
  metadata: z.object({ total_size: z.int().nonnegative().optional() }).optional(),
  weight_map: z.record(z.string(), z.string()),
});

/**
 * Reads the index of a sharded checkpoint.
 *
 * @throws ConfigError when it is no JSON, WeightsError when it is no index or names files that are not beside it.
 */
export async function readShardIndex(path: string): Promise<ShardIndex> {
  const index = Index.safeParse(await readJson(path));
  if (!index.success) throw new WeightsError(`${path}: expected {weight_map}: ${faultsOf(index.error)}`);
  const shards = new Map<string, string[]>();
  for (const [tensor, file] of Object.entries(index.data.weight_map)) {
    const tensors = shards.get(file);
    if (tensors === undefined) shards.set(file, [tensor]);
    else tensors.push(tensor);
  }
  for (const file of shards.keys()) {
    if (isPlainFileName(file) && file.endsWith('.safetensors')) continue;
    throw new WeightsError(`${path}: expected the name of a .safetensors file beside it, got ${JSON.stringify(file)}`);
  }
  return { shards, totalBytes: index.data.metadata?.total_size };
}
