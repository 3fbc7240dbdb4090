import type { Tensor } from '@tensorflow/tfjs-core';

import { dispose, tidy } from '../../tensor/tfjs.ts';
import type { LoadedNetwork } from './load.ts';
import { costOf, normOf, product } from '../../metrics/cost.ts';
import type { Cost, CostedStep } from '../../metrics/cost.ts';
import { traceKernels } from '../../tensor/trace.ts';
import type { TracedKernel } from '../../tensor/trace.ts';
import { tokensRead } from '../../vit/forward.ts';
import { geometryOf } from '../../vit/geometry.ts';
import type { ViTConfig } from '../../weights/architecture.ts';
import { sizeOf } from '../../weights/arrays.ts';

/** What one image costs a network: by its formula, or counted from the kernels that run where there is none. */
export function networkCost({ network, info }: Pick<LoadedNetwork, 'network' | 'info'>): Cost {
  const { config, cost, preprocessing } = info;
  if (cost !== undefined) return cost;
  const { height, width } = preprocessing.imageSize;
  const input = network.inputOf([new Float32Array(height * width * 3)]);
  try {
    // Each layer by itself: one after the other they may leave out what is not read.
    const whole = (): Tensor => network.layers.reduce((x, layer) => layer.apply(x), input);
    const steps = stepsOf(() => dispose(tidy(whole)));
    return costOf(config.kind === 'vit' ? [...steps, normsOfUnreadTokens(config)] : steps);
  } finally {
    input.dispose();
  }
}

/** What runs when `run` is called, as steps that cost something: alike on every backend. */
export function stepsOf(run: () => void): CostedStep[] {
  return traceKernels(run, (name) => name in STEPS).flatMap((kernel) => STEPS[kernel.name]?.(kernel) ?? []);
}

/** The last norm is published as one of all tokens; where the head reads one or two of them, the others are not normed. */
function normsOfUnreadTokens(config: ViTConfig): CostedStep {
  const { numTokens } = geometryOf(config);
  return normOf('layerNorm', (numTokens - (tokensRead(config) ?? numTokens)) * config.dim);
}

type StepsOf = (kernel: TracedKernel) => CostedStep[];

const convolution: StepsOf = ({ inputs, outputs: [output = []] }) => {
  const [rows = 0, columns = 0, channels = 0] = inputs['filter'] ?? [];
  return [product(sizeOf(output), rows * columns * channels)];
};

const depthwise: StepsOf = ({ inputs, outputs: [output = []] }) => {
  const [rows = 0, columns = 0] = inputs['filter'] ?? [];
  return [product(sizeOf(output), rows * columns)];
};

const matMul: StepsOf = ({ inputs, attrs, outputs: [output = []] }) => {
  const inner = inputs['a']?.at(attrs['transposeA'] === true ? -2 : -1) ?? 0;
  return [product(sizeOf(output), inner)];
};

const STEPS: Readonly<Record<string, StepsOf>> = {
  Conv2D: convolution,
  FusedConv2D: convolution,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2D: depthwise,
  BatchMatMul: matMul,
  _FusedMatMul: matMul,
  FusedBatchNorm: ({ outputs: [output = []] }) => [normOf('batchNorm', sizeOf(output))],
  PatchlensLinear: ({ inputs, outputs: [output = []] }) => [product(sizeOf(output), inputs['1']?.[0] ?? 0)],
  PatchlensLayerNorm: ({ outputs: [output = []] }) => [normOf('layerNorm', sizeOf(output))],
  PatchlensAttention: ({ inputs, attrs, outputs: [output = []] }) => {
    const [B = 0, Nq = 0, width = 0] = inputs['0'] ?? [];
    const [D, Nk = 0] = attrs['isJoint'] === true ? [width / 3, Nq] : [width, inputs['1']?.[1]];
    const numHeads = Number(attrs['numHeads']);
    return [product(B * numHeads * Nq * Nk, D / numHeads), product(sizeOf(output), Nk)];
  },
};
