import { isDeepStrictEqual } from 'node:util';

import { shapesOf } from '../../cnn/leaves.ts';
import { resNetParams } from '../../cnn/resnet-params.ts';
import { ArgumentError } from '../../errors.ts';
import { checkTensors, parametersOf } from '../../weights/assemble.ts';
import type { Checkpoint } from '../../weights/checkpoint.ts';
import type { ResNetConfig } from '../../weights/cnn-architecture.ts';
import { describe } from '../../weights/describe.ts';
import type { Description } from '../../weights/family.ts';
import { recipeDifferences } from '../../weights/targets/differences.ts';
import { hasUsualStages, publishTimmResNet } from '../../weights/targets/timm-resnet.ts';
import { checkpointOf } from '../../weights/write-model.ts';
import type { ModelFiles } from '../../weights/write-model.ts';

/** A ResNet under timm's names, read back, ready to be written. */
export interface ResNetToWrite extends ModelFiles {
  /** What timm will do otherwise than the checkpoint asks for, in sentences. */
  readonly warnings: readonly string[];
}

/** @throws ArgumentError for a ResNet that timm has not; WeightsError for tensors that do not fit the configuration. */
export function resNetForTimm(checkpoint: Checkpoint, description: Description<ResNetConfig>): ResNetToWrite {
  const { config, imageSize, labels } = description;
  const shapes = shapesOf((leaf) => resNetParams(config, leaf));
  checkTensors(checkpoint, description, shapes);
  const preprocessing = description.preprocessingAt(imageSize);
  const parameter = parametersOf(checkpoint, description);
  if (config.stem.maxPool && !hasUsualStages(config)) throw notOfTimm(checkpoint.where, config);
  const published = publishTimmResNet(config, shapes, parameter, { classes: labels, preprocessing });
  return { ...published, warnings: readBack(published, { config, preprocessing }, checkpoint.where) };
}

type Wanted = Pick<Description<ResNetConfig>, 'config'> & Parameters<typeof recipeDifferences>[0];

function readBack(published: ModelFiles, wanted: Wanted, where: string): string[] {
  const { description } = describe(checkpointOf(where, published));
  if (!isDeepStrictEqual(description.config, wanted.config)) throw notOfTimm(where, wanted.config);
  const preprocessing = description.preprocessingAt(description.imageSize);
  return recipeDifferences(wanted, { preprocessing }, 'timm');
}

function notOfTimm(where: string, config: ResNetConfig): ArgumentError {
  const got = JSON.stringify(config);
  return new ArgumentError(
    `${where}: expected a ResNet as timm has it, whose stages after the first halve their features in a 3×3 convolution, got ${got}`,
  );
}
