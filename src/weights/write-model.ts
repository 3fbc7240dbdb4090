import { join } from 'node:path';

import { CONFIG_FILE, PREPROCESSOR_FILE, WEIGHTS_FILE } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { TensorToWrite } from './torch-tensor.ts';
import { writeSafetensors } from './write-safetensors.ts';
import type { WriteOptions } from './write-safetensors.ts';
import { writeJson } from './write-whole.ts';

/** What the files of a model hold. */
export interface ModelFiles {
  /** config.json */
  readonly config: object;
  /** preprocessor_config.json, where there is one. */
  readonly preprocessor?: object | undefined;
  /** model.safetensors */
  readonly tensors: readonly TensorToWrite[];
}

/** Writes the files of a model, each whole. @throws what `writeSafetensors` throws. */
export async function writeModel(
  folder: string,
  { config, preprocessor, tensors }: ModelFiles,
  options: WriteOptions,
): Promise<void> {
  await writeJson(join(folder, CONFIG_FILE), config);
  if (preprocessor !== undefined) await writeJson(join(folder, PREPROCESSOR_FILE), preprocessor);
  await writeSafetensors(join(folder, WEIGHTS_FILE), tensors, options);
}

/** The files as they will be read, but for the values of their tensors: enough to be described. */
export function checkpointOf(where: string, { config, preprocessor, tensors }: ModelFiles): Checkpoint {
  const data = new Float32Array();
  return { where, config, preprocessor, arrays: new Map(tensors.map(({ name, shape }) => [name, { shape, data }])) };
}
