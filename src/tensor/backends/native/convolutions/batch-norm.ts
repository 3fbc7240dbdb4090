import type { FusedBatchNormAttrs, Tensor } from '@tensorflow/tfjs-core';

import type { PartialForward } from '../replace.ts';

/**
 * The kernel behind `batchNorm`: (x − mean)/√(variance + ε)·scale + offset, where each of these is one value for each
 * channel, the last axis of x.
 */
export const batchNorm: PartialForward<FusedBatchNormAttrs> = (
  [x, scale, offset, mean, variance],
  { varianceEpsilon },
  { backend, addon },
) => {
  const C = x!.shape.at(-1);
  const ofChannels = [scale, offset, mean, variance].filter(
    (parameter): parameter is Tensor => parameter !== undefined,
  );
  if (x!.dtype !== 'float32' || !ofChannels.every(({ size, shape }) => size === C && shape.at(-1) === C))
    return undefined;
  const floats = (name: string, tensor: Tensor): Float32Array => backend.floatsOf(`batchNorm ${name}`, tensor);
  const operands = [
    floats('x', x!),
    floats('mean', mean!),
    floats('variance', variance!),
    offset === undefined ? null : floats('offset', offset),
    scale === undefined ? null : floats('scale', scale),
  ] as const;
  const { info, values } = backend.output(x!.shape);
  addon.batchNorm(...operands, values, varianceEpsilon);
  return info;
};
