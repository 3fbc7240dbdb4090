import type { Tensor4D } from '@tensorflow/tfjs-core';

import { tensor4d } from '../../tensor/tfjs.ts';
import { buildConvNeXt } from '../../cnn/build-convnext.ts';
import { buildFolded } from '../../cnn/build.ts';
import type { BuiltLayers } from '../../cnn/build.ts';
import { runFolded } from '../../cnn/conv-norm.ts';
import { convNeXtCost } from '../../cnn/convnext-cost.ts';
import { convNeXtParams } from '../../cnn/convnext-params.ts';
import { countTrained, shapesOf } from '../../cnn/leaves.ts';
import type { Leaf } from '../../cnn/leaves.ts';
import { mobileNetV2Cost } from '../../cnn/mobilenet-v2-cost.ts';
import { mobileNetV2Layers } from '../../cnn/mobilenet-v2.ts';
import { mobileNetV2Params, mobileNetV2Tree } from '../../cnn/mobilenet-v2-params.ts';
import { resNetCost } from '../../cnn/resnet-cost.ts';
import { resNetLayers } from '../../cnn/resnet.ts';
import { resNetParams, resNetTree } from '../../cnn/resnet-params.ts';
import { ArgumentError, ConfigError } from '../../errors.ts';
import type { Cost } from '../../metrics/cost.ts';
import type { Plan, PlanContext } from './plan.ts';
import type { CnnConfig } from '../../weights/cnn-architecture.ts';
import type { NamedArrays } from '../../weights/arrays.ts';
import type { Size } from '../../weights/preprocessing.ts';

/**
 * How the network of a configuration is built. It takes images of any size; `ownSize` is what they have unless another is
 * asked for.
 *
 * @throws ConfigError, ArgumentError.
 */
export function planCnn(config: CnnConfig, ownSize: Size, { where, options }: PlanContext): Plan {
  if (config.numChannels !== 3) {
    throw new ConfigError(`model ${where}: expected a model of 3 colour channels, got ${config.numChannels}`);
  }
  const imageSize = options.imageSize === undefined ? ownSize : checkedSize(options.imageSize);
  const shapes = shapesOf((leaf) => paramsOf(config, leaf));
  return {
    config,
    imageSize,
    shapes,
    numParameters: countTrained(shapes),
    cost: cnnCost(config, imageSize),
    build: (arrays) => {
      const built = layersOf(arrays, config);
      return { network: { ...built, inputOf: (images) => pixelsOf(images, imageSize) } };
    },
  };
}

function paramsOf(config: CnnConfig, leaf: Leaf<unknown>): unknown {
  switch (config.kind) {
    case 'resnet':
      return resNetParams(config, leaf);
    case 'mobilenet-v2':
      return mobileNetV2Params(config, leaf);
    case 'convnext':
      return convNeXtParams(config, leaf);
  }
}

function cnnCost(config: CnnConfig, imageSize: Size): Cost {
  switch (config.kind) {
    case 'resnet':
      return resNetCost(config, imageSize);
    case 'mobilenet-v2':
      return mobileNetV2Cost(config, imageSize);
    case 'convnext':
      return convNeXtCost(config, imageSize);
  }
}

function layersOf(arrays: NamedArrays, config: CnnConfig): BuiltLayers {
  if (config.kind === 'convnext') return buildConvNeXt(arrays, config);
  return buildFolded(arrays, config.epsilon, ({ leaf, unit }) => {
    switch (config.kind) {
      case 'resnet':
        return resNetLayers(config, resNetTree(config, leaf, unit), runFolded);
      case 'mobilenet-v2':
        return mobileNetV2Layers(config, mobileNetV2Tree(config, leaf, unit));
    }
  });
}

/** Images as one tensor [B, H, W, 3], the caller's to dispose of. */
export function pixelsOf(images: readonly Float32Array[], { height, width }: Size): Tensor4D {
  const values = height * width * 3;
  const pixels = new Float32Array(images.length * values);
  for (const [i, image] of images.entries()) pixels.set(image, i * values);
  return tensor4d(pixels, [images.length, height, width, 3]);
}

/** Activations take memory with the area; far above what any published model is run at. */
const MAX_PIXELS = 4096 * 4096;

/** @throws ArgumentError for what is no size of an image, or too large. */
export function checkedSize(size: number | Size): Size {
  const { height, width } = typeof size === 'number' ? { height: size, width: size } : size;
  if (![height, width].every((side) => Number.isInteger(side) && side > 0)) {
    throw new ArgumentError(`imageSize: expected whole pixels, got ${height}x${width}`);
  }
  if (height * width <= MAX_PIXELS) return { height, width };
  throw new ArgumentError(`imageSize: expected at most ${MAX_PIXELS} pixels, got ${height}x${width}`);
}
