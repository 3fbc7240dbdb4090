import type { Rank, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { ArgumentError } from '../errors.ts';
import { project } from '../nn/linear.ts';
import { add, mean, reshape, rsqrt, mul, square, sub, tidy } from '../tensor/tfjs.ts';
import type { Random } from './random.ts';
import type { Outputs, Trainable } from './trainable.ts';

const KERNEL = 'guidance.kernel';
const BIAS = 'guidance.bias';
const EPSILON = 1e-6;

/**
 * A ViT that learns from a convolutional teacher what stands where in an image (locality guidance, Li et al. 2022): a linear
 * projection of the patches after one of its blocks is to give the teacher's last feature map, of so many channels. The
 * projection is trained with the network and is no part of the model.
 *
 * @throws ArgumentError for a network without tokens, and for a block that it does not have.
 */
export function guided(
  network: Trainable,
  { block, channels }: { readonly block: number; readonly channels: number },
): Trainable {
  const { dim } = tokensFor(network, block);
  return {
    ...network,
    shapes: new Map([...network.shapes, [KERNEL, [dim, channels]], [BIAS, [channels]]]),
    initial: (random, how) => {
      const initial = network.initial(random, how);
      return new Map([
        ...initial,
        [KERNEL, normal(dim * channels, dim ** -0.5, random)],
        [BIAS, new Float32Array(channels)],
      ]);
    },
    // Beside the head, with its learning rate.
    depthOf: (name) => (name === KERNEL || name === BIAS ? network.numDepths - 1 : network.depthOf(name)),
    forward: (parameters, inputs, pass): Outputs => {
      if (!pass.training) return network.forward(parameters, inputs, pass);
      const outputs = network.forward(parameters, inputs, { ...pass, shown: block });
      const { values, rows } = outputs.features!;
      const params = { kernel: parameters(KERNEL), bias: parameters(BIAS) };
      return { ...outputs, features: { values: project(values, params), rows } };
    },
  };
}

function tokensFor({ tokens }: Trainable, block: number) {
  if (tokens === undefined) {
    throw new ArgumentError('guidance: expected a Vision Transformer to guide, got another network. Leave it out.');
  }
  if (block < tokens.numBlocks) return tokens;
  throw new ArgumentError(`guidance: expected a block from 0 to ${tokens.numBlocks - 1}, got ${block}`);
}

/** A feature map [B, H, W, C] as what patches are to give [B, H·W, C]: each place with mean 0 and variance 1 (Wei et al. 2022). */
export function guidanceTargets(map: Tensor4D): Tensor3D {
  const [B, H, W, C] = map.shape;
  return tidy(() => {
    const places = reshape<Rank.R3>(map, [B, H * W, C]);
    const centred = sub<Tensor3D>(places, mean(places, 2, true));
    return mul(centred, rsqrt(add(mean(square(centred), 2, true), EPSILON)));
  });
}

function normal(length: number, deviation: number, random: Random): Float32Array {
  return Float32Array.from({ length }, () => deviation * random.normal());
}
