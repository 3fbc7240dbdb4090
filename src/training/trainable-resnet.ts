import type { Rank } from '@tensorflow/tfjs-core';

import { reshape, tidy } from '../tensor/tfjs.ts';
import { runWithRunningStatistics } from '../cnn/conv-norm.ts';
import { initialiseResNet } from '../cnn/initialise-resnet.ts';
import { isRunningStatistic, shapesOf } from '../cnn/leaves.ts';
import { resNetLayers, trainResNet } from '../cnn/resnet.ts';
import { resNetParams } from '../cnn/resnet-params.ts';
import { forward } from '../nn/network.ts';
import { ranked } from '../tensor/ranked.ts';
import type { ResNetConfig } from '../weights/cnn-architecture.ts';
import type { Size } from '../weights/preprocessing.ts';
import type { Trainable } from './trainable.ts';

/** A ResNet for training on images of one size. */
export function trainableResNet(config: ResNetConfig, { height, width }: Size): Trainable {
  const all = [...shapesOf((leaf) => resNetParams(config, leaf))];
  const blocks = config.stages.flatMap(({ depth }, i) =>
    Array.from({ length: depth }, (_, j) => `stages.${i}.blocks.${j}.`),
  );
  return {
    shapes: new Map(all.filter(([name]) => !isRunningStatistic(name))),
    runningShapes: new Map(all.filter(([name]) => isRunningStatistic(name))),
    layout: { kind: 'pixels' },
    inputShape: (batchSize) => [batchSize, height, width, config.numChannels],
    initial: (random) => {
      const arrays = initialiseResNet(config, { random: () => random.uniform() });
      return new Map([...arrays].map(([name, { data }]) => [name, data]));
    },
    depthOf: (name) => {
      if (name.startsWith('head.')) return blocks.length + 1;
      return blocks.findIndex((prefix) => name.startsWith(prefix)) + 1;
    },
    numDepths: blocks.length + 2,
    isHead: (name) => name.startsWith('head.'),
    abilities: new Set(),
    forward: (parameters, inputs, pass) => {
      const params = resNetParams(config, parameters);
      const images = reshape<Rank.R4>(inputs, [-1, height, width, config.numChannels]);
      if (pass.training) {
        const { logits, running } = trainResNet(config, params, images);
        return { logits, running: new Map(Object.entries(running)) };
      }
      const layers = resNetLayers(config, params, runWithRunningStatistics(config.epsilon));
      return { logits: tidy(() => ranked('ResNet logits', forward(layers, images), 2)) };
    },
    dispose: () => {},
  };
}
