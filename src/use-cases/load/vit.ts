import type { Tensor3D } from '@tensorflow/tfjs-core';
import ndarray from 'ndarray';

import { tensor3d } from '../../tensor/tfjs.ts';
import { ArgumentError, ConfigError } from '../../errors.ts';
import { patchify } from '../../image/patches.ts';
import type { Plan, PlanContext } from './plan.ts';
import type { Network } from '../../nn/network.ts';
import { buildViT } from '../../vit/build.ts';
import { vitCost } from '../../vit/cost.ts';
import { vitLayers } from '../../vit/forward.ts';
import type { ViT } from '../../vit/forward.ts';
import { geometryOf } from '../../vit/geometry.ts';
import { countParameters, paramShapes } from '../../vit/params.ts';
import type { ViTConfig } from '../../weights/architecture.ts';
import type { NamedArrays } from '../../weights/arrays.ts';
import type { Size } from '../../weights/preprocessing.ts';

/**
 * How the network of a configuration is built at an image size: which parameters it needs, and what is made of them.
 *
 * @param published the configuration of the checkpoint, whose positions are for its own image size.
 * @throws ConfigError when the checkpoint contradicts itself, ArgumentError when the size asked for cannot be had.
 */
export function planViT(published: ViTConfig, imageSize: Size, { where, options }: PlanContext): Plan {
  checkConfig(published, where);
  const own = { ...published, imageSize };
  const config = options.imageSize === undefined ? own : { ...own, imageSize: checkedSize(options.imageSize, own) };
  return {
    config,
    imageSize: config.imageSize,
    shapes: paramShapes(published),
    numParameters: countParameters(published),
    cost: vitCost(config),
    build: (arrays: NamedArrays) => {
      const vit = buildViT(arrays, published, config);
      return { vit, network: vitNetwork(vit) };
    },
  };
}

function vitNetwork(vit: ViT & Disposable): Network {
  return {
    layers: vitLayers(vit),
    inputOf: (images) => patchesOf(images, vit.config),
    [Symbol.dispose]: () => vit[Symbol.dispose](),
  };
}

/** The patches of images as one tensor [B, N, P²·C], the caller's to dispose of. */
export function patchesOf(images: readonly Float32Array[], config: ViTConfig): Tensor3D {
  const { imageSize, numChannels, patchSize } = config;
  const { numPatches, patchDim } = geometryOf(config);
  const patches = new Float32Array(images.length * numPatches * patchDim);
  for (const [i, pixels] of images.entries()) {
    const image = ndarray(pixels, [imageSize.height, imageSize.width, numChannels]);
    patchify(image, patchSize, patches, i * numPatches * patchDim);
  }
  return tensor3d(patches, [images.length, numPatches, patchDim]);
}

/** What every family's configuration must satisfy before tensors are compared with it. */
function checkConfig(config: ViTConfig, where: string): void {
  const { numChannels, positions, prefix } = config;
  if (numChannels !== 3) {
    throw new ConfigError(`model ${where}: expected a model of 3 colour channels, got ${numChannels}`);
  }
  const { height, width } = config.imageSize;
  if (height % config.patchSize !== 0 || width % config.patchSize !== 0) {
    throw new ConfigError(
      `model ${where}: expected an image size of whole ${config.patchSize}-pixel patches, got ${height}x${width}`,
    );
  }
  if (positions.kind !== 'learned') return;
  const { numPrefixTokens, numPatches, Gh, Gw } = geometryOf(config);
  if ([0, Number(prefix.classToken), numPrefixTokens].includes(positions.numPrefix)) return;
  throw new ConfigError(
    `model ${where}: expected positions for the ${Gh} × ${Gw} patches of ${height}x${width} pixels and for none, the first ` +
      `or all of ${numPrefixTokens} tokens before them, got ${positions.numPrefix + numPatches}`,
  );
}

/** Attention takes time with the square of this; far above what any published model is run at. */
const MAX_TOKENS = 16_385;

function checkedSize(size: number | Size, config: ViTConfig): Size {
  const { height, width } = typeof size === 'number' ? { height: size, width: size } : size;
  if (![height, width].every((side) => Number.isInteger(side) && side > 0)) {
    throw new ArgumentError(`imageSize: expected whole pixels, got ${height}x${width}`);
  }
  const { numTokens } = geometryOf({ ...config, imageSize: { height, width } });
  if (numTokens <= MAX_TOKENS) return { height, width };
  throw new ArgumentError(`imageSize: expected at most ${MAX_TOKENS} tokens, got ${numTokens} from ${height}x${width}`);
}
