import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { shapesOf } from '../../cnn/leaves.ts';
import { resNetParams } from '../../cnn/resnet-params.ts';
import { ArgumentError, WeightsError } from '../../errors.ts';
import { checkTensors } from '../../weights/assemble.ts';
import { CONFIG_FILE, WEIGHTS_FILE } from '../../weights/checkpoint.ts';
import type { Checkpoint } from '../../weights/checkpoint.ts';
import type { ResNetConfig } from '../../weights/cnn-architecture.ts';
import { describe } from '../../weights/describe.ts';
import type { Description } from '../../weights/family.ts';
import { recipeDifferences } from '../../weights/targets/differences.ts';
import { publishTimmResNet } from '../../weights/targets/timm-resnet.ts';
import type { TensorToWrite } from '../../weights/torch-tensor.ts';
import { writeSafetensors } from '../../weights/write-safetensors.ts';
import type { WriteOptions } from '../../weights/write-safetensors.ts';

/** A ResNet under timm's names, read back, ready to be written. */
export interface ResNetToWrite {
  readonly config: object;
  readonly tensors: readonly TensorToWrite[];
  /** What timm will do otherwise than the checkpoint asks for, in sentences. */
  readonly warnings: readonly string[];
}

/** @throws ArgumentError for a ResNet that timm has not; WeightsError for tensors that do not fit the configuration. */
export function resNetForTimm(checkpoint: Checkpoint, description: Description<ResNetConfig>): ResNetToWrite {
  const { config, imageSize, labels } = description;
  const shapes = shapesOf((leaf) => resNetParams(config, leaf));
  checkTensors(checkpoint, description, shapes);
  const preprocessing = description.preprocessingAt(imageSize);
  const parameter = (dotted: string) => {
    const { name, convert } = description.sourceOf(dotted);
    const array = checkpoint.arrays.get(name);
    if (array === undefined) {
      throw new WeightsError(`${checkpoint.where}: expected a tensor ${name} for ${dotted}, got none`);
    }
    return convert(array);
  };
  const published = publishTimmResNet(config, shapes, parameter, { classes: labels, preprocessing });
  return { ...published, warnings: readBack(published, { config, preprocessing }, checkpoint.where) };
}

/** Writes config.json and model.safetensors. */
export async function writeResNet(folder: string, model: ResNetToWrite, options: WriteOptions): Promise<void> {
  await writeFile(join(folder, CONFIG_FILE), `${JSON.stringify(model.config, undefined, 2)}\n`);
  await writeSafetensors(join(folder, WEIGHTS_FILE), model.tensors, options);
}

type Wanted = Pick<Description<ResNetConfig>, 'config'> & Parameters<typeof recipeDifferences>[0];

function readBack(published: Omit<ResNetToWrite, 'warnings'>, wanted: Wanted, where: string): string[] {
  const empty = new Float32Array();
  const arrays = new Map(published.tensors.map(({ name, shape }) => [name, { shape, data: empty }]));
  const { description } = describe({ where, config: published.config, preprocessor: undefined, arrays });
  if (!isDeepStrictEqual(description.config, wanted.config)) {
    const [expected, got] = [description.config, wanted.config].map((form) => JSON.stringify(form));
    throw new ArgumentError(`${where}: expected a ResNet as timm has it, ${expected}, got ${got}`);
  }
  const preprocessing = description.preprocessingAt(description.imageSize);
  return recipeDifferences(wanted, { preprocessing }, 'timm');
}
